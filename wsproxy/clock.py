"""The event loop's clock."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from heapq import heappop, heappush

TIMER_SLACK = 0.0005
"""Seconds that a timer may come early, together with another one: who plans by it allows for it."""


class LoopClock:
    """The Clock of a running event loop.

    Timers that are due at about the same time share one of the loop's, which a delay on every
    message of many connections is glad of.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.time = time.time  # noqa: TID251 - this is where it is handed in
        self._timers: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._count = itertools.count()
        self._handle: asyncio.TimerHandle | None = None

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        timers = self._timers
        callbacks = [callback]
        timer = (self._loop.time() + delay, next(self._count), callbacks)
        heappush(timers, timer)
        if timers[0] is timer:
            self._arm()
        return callbacks.clear

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_at(self._timers[0][0], self._fire) if self._timers else None

    def _fire(self) -> None:
        self._handle = None
        timers = self._timers
        due = self._loop.time() + TIMER_SLACK
        while timers and timers[0][0] <= due:
            for callback in heappop(timers)[2]:
                try:
                    callback()
                except Exception as error:  # noqa: BLE001 - the loop's own timers do no worse
                    context = {"message": "a timer failed", "exception": error}
                    self._loop.call_exception_handler(context)
        if self._handle is None:
            self._arm()
