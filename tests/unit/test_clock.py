"""The clock of a running loop."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from wsproxy.clock import LoopClock


async def test_timers_fire_in_order_and_cancelled_ones_do_not() -> None:
    clock = LoopClock()
    fired: list[int] = []
    done = asyncio.Event()
    clock.call_later(0.03, done.set)
    clock.call_later(0.02, lambda: fired.append(2))
    cancel = clock.call_later(0.01, lambda: fired.append(0))
    clock.call_later(0.0, lambda: fired.append(1))
    cancel()
    await asyncio.wait_for(done.wait(), 5)
    assert fired == [1, 2]


async def test_a_timer_may_set_another_and_one_that_fails_stops_none() -> None:
    clock = LoopClock()
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    done = asyncio.Event()

    def fail() -> None:
        clock.call_later(0.0, done.set)
        raise ValueError("broken")

    clock.call_later(0.0, fail)
    await asyncio.wait_for(done.wait(), 5)
    assert [str(context["exception"]) for context in failed] == ["broken"]


async def test_no_timer_comes_early_with_another_one() -> None:
    clock = LoopClock()
    loop = asyncio.get_running_loop()
    early: list[float] = []
    done = asyncio.Event()

    def due(at: float) -> None:
        early.append(at - loop.time())

    for delay in (0.0, 0.01, 0.02, 0.03, 0.04):
        clock.call_later(delay, partial(due, loop.time() + delay))
    clock.call_later(0.041, done.set)
    await asyncio.wait_for(done.wait(), 5)
    # A loop's own timers may be early by the resolution of its clock, uvloop's by a millisecond.
    assert len(early) == 5 and max(early) < 0.002
