"""Requests that wait for their answers, for `~unanswered`."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from wsproxy.payloads.decoded import Role
from wsproxy.payloads.pairs import Exchange
from wsproxy.payloads.sayings import Said

MAX_WAITS = 20_000
"""Requests that are remembered; of older ones what was known last stands."""


class Wait(NamedTuple):
    """A message with requests in it."""

    connection_id: int
    said: Said
    exchanges: tuple[Exchange, ...]

    @property
    def settled(self) -> bool:
        """Whether its time does not grow any more, as long as the connection lives."""
        return all(one.answered is not None for one in self.exchanges)

    def seconds(self, now: float) -> float:
        """How long the slowest of its requests waited for the first answer until `now`.

        Infinite where none can come: another request took the key, or too many waited.
        """
        return max(
            one.answered - one.asked
            if one.answered is not None
            else math.inf
            if one.given_up
            else max(now - one.asked, 0.0)
            for one in self.exchanges
        )


def asks(said: Said) -> tuple[Exchange, ...]:
    """The exchanges that a message begins."""
    return tuple(
        exchange
        for one, exchange in zip(said.packets, said.exchanges, strict=True)
        if exchange is not None and one.pair is not None and one.pair.role is Role.REQUEST
    )


class Waits:
    """The messages that ask, by the ids of their frames."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, Wait] = OrderedDict()

    def add(self, frame_id: int, connection_id: int, said: Said | None) -> None:
        """A message has passed."""
        exchanges = asks(said) if said is not None else ()
        if said is not None and exchanges:
            self._open[frame_id] = Wait(connection_id, said, exchanges)
            if len(self._open) > MAX_WAITS:
                self._open.popitem(last=False)

    def settle(
        self, now: float, least: float, ended: Callable[[int], bool]
    ) -> Iterator[tuple[int, Wait, float]]:
        """What has become known since the last call: ids, and how many seconds they waited.

        `least`: seconds that count as long. `ended` says whether a connection has ended: then
        nothing is answered any more. What is told is forgotten.
        """
        told = []
        for frame_id, wait in self._open.items():
            seconds = wait.seconds(now)
            if not wait.settled and ended(wait.connection_id):
                seconds = math.inf
            if wait.settled or seconds >= least:
                told.append((frame_id, wait, seconds))
        for frame_id, _, _ in told:
            del self._open[frame_id]
        yield from told
