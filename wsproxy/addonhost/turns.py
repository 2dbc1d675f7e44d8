"""One hook at a time for each flow, in the order in which things happened."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count

LOOP_TURNS = 4
"""Turns of the event loop in which whoever had the turn comes back with what it has next."""


class Turns:
    """A lock that is handed to whoever came first: nobody overtakes.

    Both directions of a flow ask for it, each with one message at a time. So the next message of
    the direction that had the turn has not asked yet when the turn ends, and may have come before
    the one of the other direction that waits: it gets the time to ask.

    (`asyncio.Lock` is free for a moment between its owner and the next in line.)
    """

    def __init__(self) -> None:
        self.free = True
        self._count = count()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    async def take(self, came: float = 0.0) -> None:
        """Wait for the turn; `give` has to be called after.

        `came`: when that came which the turn is for; the first one goes first.
        """
        if self.free:
            self.free = False
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (came, next(self._count), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self, *, at_once: bool = False) -> None:
        """The turn is over; `at_once`: nothing was waited for in it, so that nobody came late."""
        if at_once and not self._waiting:
            self.free = True
        else:
            self._hand_on(LOOP_TURNS)

    def _hand_on(self, later: int) -> None:
        if later:
            asyncio.get_running_loop().call_soon(self._hand_on, later - 1)
            return
        while self._waiting:
            *_, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.free = True
