"""One hook at a time for each flow, in the order in which things happened."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A lock that is handed to whoever waits longest: nobody overtakes.

    (`asyncio.Lock` is free for a moment between its owner and the next in line.)
    """

    def __init__(self) -> None:
        self.free = True
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for the turn; `give` has to be called after."""
        if self.free:
            self.free = False
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """The turn is over."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free = True
