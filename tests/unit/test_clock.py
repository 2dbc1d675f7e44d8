"""The clock of a running loop."""

from __future__ import annotations

import asyncio
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
