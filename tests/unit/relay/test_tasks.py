from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest

from wsproxy.relay.tasks import start_task


async def test_a_result_is_passed_on() -> None:
    async def three() -> int:
        return 3

    assert await start_task(three(), "counting") == 3


async def test_a_failure_is_logged_with_its_cause_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[BaseException] = []

    async def fail() -> None:
        raise ValueError("wrong")

    task = start_task(fail(), "the lane of #3", told.append)
    await asyncio.wait([task])
    [record] = caplog.records
    assert record.getMessage() == "the lane of #3 failed: ValueError('wrong')"
    assert record.exc_info is not None and isinstance(record.exc_info[1], ValueError)
    assert [str(error) for error in told] == ["wrong"]


async def test_a_failure_that_somebody_awaits_is_told_to_them_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await start_task(fail(), "asking", awaited=True)
    assert not caplog.records


async def test_a_cancelled_task_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[BaseException] = []
    task = start_task(asyncio.Event().wait(), "waiting", told.append)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert not told and not [r for r in caplog.records if r.levelno >= logging.WARNING]


async def test_a_task_that_nobody_keeps_goes_on() -> None:
    waits_for: list[weakref.ref[asyncio.Future[None]]] = []

    async def wait() -> None:
        future = asyncio.get_running_loop().create_future()
        waits_for.append(weakref.ref(future))
        await future

    start_task(wait(), "waiting")
    await asyncio.sleep(0)
    gc.collect()
    future = waits_for[0]()
    assert future is not None
    future.set_result(None)
