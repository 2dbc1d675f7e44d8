"""Breakpoints, without any connection."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from wsproxy.breakpoints.control import MAX_HELD, Breakpoints
from wsproxy.model.inflight import InFlightMessage, injected
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import Opcode, make_frame

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        timer = (self.now + delay, callback)
        self._timers.append(timer)
        return lambda: self._timers.remove(timer) if timer in self._timers else None

    def move(self, seconds: float) -> None:
        self.now += seconds
        for timer in [t for t in self._timers if t[0] <= self.now]:
            self._timers.remove(timer)
            timer[1]()


class Live:
    """A connection that counts how often it was asked to look anew."""

    def __init__(self, number: int = 1) -> None:
        self.connection = ConnectionRecord(number, 0.0, "client", "ws://up", "/path", [])
        self.asked = 0

    def reconsider(self) -> None:
        self.asked += 1

    def waiting(self, direction: Direction) -> int:
        return 1000  # bytes of the direction, the held message's among them


def message(text: str, direction: Direction = UP, opcode: int = Opcode.TEXT) -> InFlightMessage:
    content = text.encode()
    return InFlightMessage(
        direction, 1.0, opcode, content, make_frame(opcode, content).wire, number=1
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakpoints(clock: Clock) -> Breakpoints:
    return Breakpoints(clock)


async def _handle(stop: Any, in_flight: InFlightMessage) -> None:
    rest = stop.handle(in_flight)
    if rest is not None:
        await rest


async def _start(stop: Any, in_flight: InFlightMessage) -> asyncio.Task[None]:
    task = asyncio.create_task(_handle(stop, in_flight))
    await asyncio.sleep(0)
    return task


async def test_what_matches_waits_and_the_rest_passes(breakpoints: Breakpoints) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    assert not stop.wants(UP)
    breakpoints.add({"filter": "~b stop", "direction": "upstream"})
    assert stop.wants(UP)
    assert not stop.wants(DOWN)
    passes = await _start(stop, message("go"))
    assert passes.done()
    waits = await _start(stop, message("stop"))
    assert not waits.done()
    (held,) = breakpoints.held()
    assert base64.b64decode(held["base64"]) == b"stop"
    assert (held["direction"], held["connection"], held["until"]) == ("upstream", 1, 160.0)
    assert breakpoints.breakpoints()[0]["hits"] == 1
    breakpoints.forward(held["id"])
    await waits
    assert breakpoints.held() == []


async def test_edit_and_drop(breakpoints: Breakpoints) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    breakpoints.add({})
    first, second = message("one"), message("two")
    tasks = [await _start(stop, first), await _start(stop, second)]
    numbers = [held["id"] for held in breakpoints.held()]
    assert breakpoints.content(numbers[0]) == b"one"
    breakpoints.forward(numbers[0], b"ONE")
    breakpoints.drop(numbers[1])
    await asyncio.gather(*tasks)
    assert (first.verdict, first.content) == ("changed", b"ONE")
    assert second.verdict == "dropped"
    with pytest.raises(KeyError):
        breakpoints.drop(numbers[1])


async def test_time_lets_go(breakpoints: Breakpoints, clock: Clock) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    breakpoints.add({"timeout": 5})
    in_flight = message("x")
    task = await _start(stop, in_flight)
    clock.move(4.9)
    await asyncio.sleep(0)
    assert not task.done()
    clock.move(0.2)
    await task
    assert in_flight.verdict == "relayed"


async def test_what_waited_too_long_is_dropped_where_that_was_asked(
    breakpoints: Breakpoints, clock: Clock
) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    breakpoints.add({"timeout": 5, "at_timeout": "drop"})
    in_flight = message("x")
    task = await _start(stop, in_flight)
    (held,) = breakpoints.held()
    assert held["behind"] == 1000 - len(in_flight.wire) - 1
    clock.move(5.1)
    await task
    assert in_flight.verdict == "dropped"
    assert breakpoints.held() == []


@pytest.mark.parametrize("opcode", [Opcode.CLOSE, Opcode.PING, Opcode.PONG])
async def test_control_frames_stick_only_if_asked(breakpoints: Breakpoints, opcode: int) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    number = breakpoints.add({})["id"]
    assert (await _start(stop, message("", opcode=opcode))).done()
    breakpoints.change(number, {"control": True})
    task = await _start(stop, message("", opcode=opcode))
    assert not task.done()
    assert breakpoints.forward_all(DOWN) == 0
    assert breakpoints.forward_all(UP) == 1
    await task


async def test_removing_and_disabling_let_go(breakpoints: Breakpoints) -> None:
    live = Live()
    stop = breakpoints.attach(live)  # type: ignore[arg-type]
    for end in (
        breakpoints.remove,
        lambda number: breakpoints.change(number, {"enabled": False}),
    ):
        number = breakpoints.add({})["id"]
        task = await _start(stop, message("x"))
        end(number)
        await task
        assert not stop.wants(UP)
    assert live.asked == 4


async def test_injected_messages_and_other_connections_pass(breakpoints: Breakpoints) -> None:
    stop = breakpoints.attach(Live(2))  # type: ignore[arg-type]
    breakpoints.add({"connection": 1})
    assert not stop.wants(UP)
    breakpoints.add({})
    assert (await _start(stop, injected(UP, 1, b"x", 0.0, "page"))).done()


async def test_a_connection_that_ends_takes_its_messages_along(breakpoints: Breakpoints) -> None:
    changes = []
    breakpoints.on_change(lambda: changes.append(len(breakpoints.held())))
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    breakpoints.add({})
    task = await _start(stop, message("x"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    stop.ended()
    assert breakpoints.held() == []
    assert changes == [0, 1, 0]


async def test_not_too_many_wait(breakpoints: Breakpoints) -> None:
    stop = breakpoints.attach(Live())  # type: ignore[arg-type]
    breakpoints.add({})
    tasks = [await _start(stop, message("x")) for _ in range(MAX_HELD)]
    assert (await _start(stop, message("one too many"))).done()
    assert len(breakpoints.held()) == 100
    assert breakpoints.forward_all() == MAX_HELD
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    "spec",
    [
        {"filter": "~nothing"},
        {"filter": 3},
        {"direction": "both ways"},
        {"timeout": 0},
        {"timeout": True},
        {"connection": "1"},
        {"enabled": "yes"},
        {"at_timeout": "explode"},
        {"colour": "red"},
    ],
)
def test_what_is_wrong_is_said(breakpoints: Breakpoints, spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(spec)) if "~" not in str(spec) else "nothing"):
        breakpoints.add(spec)
    assert breakpoints.breakpoints() == []
