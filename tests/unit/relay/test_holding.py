"""What is too much to be held passes unheld, piece by piece, and is said."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.support.fakes import FakeClock
from tests.unit.relay.test_lane import DOWN, Chain, Interceptor, Scene, settle, text
from wsproxy.faults.chain import FaultChain
from wsproxy.faults.control import FaultSet
from wsproxy.faults.steps import Cut, Send, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import FaultRecord
from wsproxy.protocol.deflate import Deflater
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.held import PACED_ABOVE, TURN_SECONDS
from wsproxy.relay.holding import SMALL


async def test_a_message_above_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    held: list[bytes] = []
    scene = Scene(Interceptor(lambda in_flight: held.append(in_flight.content)))
    budget = scene.session.lanes[DOWN].parts.budget
    budget.limit = 100
    scene.session.reconsider()
    large = text(b"a" * 60, fin=False) + text(b"b" * 60, opcode=0)
    await scene.server_sends(large[:62])
    assert scene.got == b""
    await scene.server_sends(large[62:64])  # the second frame says how long it is
    await scene.server_sends(large[64:-1])
    assert scene.got == large[:-1]  # nothing waits for its end
    await scene.server_sends(large[-1:] + text(b"small"))
    assert scene.got == large[-1:] + text(b"small")
    assert held == [b"small"]
    _, (message,) = scene.taken()
    assert (message.cause, message.content_length) == ("too large to be held", 120)
    assert budget.unheld == 1
    assert "downstream: message 1 passed unheld: it has more than 100 bytes" in caplog.text
    scene.session.lanes[DOWN].abandon()
    assert budget.held == 0


async def test_a_frame_above_the_limit_passes_from_its_header_on() -> None:
    scene = Scene(Interceptor(lambda in_flight: None))
    scene.session.lanes[DOWN].parts.budget.limit = 100
    scene.session.reconsider()
    header = make_frame(2, bytes(1 << 20)).header
    await scene.server_sends(header)
    assert scene.got == header
    scene.session.lanes[DOWN].abandon()


async def test_a_message_that_is_small_on_the_wire_only() -> None:
    held: list[bytes] = []
    interceptor = Interceptor(lambda in_flight: held.append(in_flight.content))
    interceptor.wanted = False
    scene = Scene(interceptor, deflate=True)
    scene.session.lanes[DOWN].parts.budget.limit = 2_000_000
    interceptor.wanted = True
    scene.session.reconsider()
    bomb = Deflater(15, no_context_takeover=True).message(bytes(5_000_000))
    assert len(bomb) < 10_000
    wire = make_frame(1, bomb, rsv1=True).wire
    await scene.server_sends(wire)
    assert scene.got == wire
    assert held == []
    scene.session.lanes[DOWN].abandon()


async def test_when_all_hold_too_much_large_ones_pass() -> None:
    held: list[int] = []
    scene = Scene(Interceptor(lambda in_flight: held.append(len(in_flight.content))))
    scene.session.lanes[DOWN].parts.budget.total = 0
    large, small = text(bytes(SMALL), opcode=2), text(b"x", fin=False) + text(b"y", opcode=0)
    half = len(large) // 2
    for piece in (large[:half], large[half:], small):
        await scene.server_sends(piece)
    assert scene.got == large + small
    assert held == [2]
    scene.session.lanes[DOWN].abandon()


async def test_what_is_held_for_somebody_who_left_is_freed_at_once() -> None:
    async def never(_: InFlightMessage) -> None:
        await asyncio.Event().wait()

    scene = Scene(Interceptor(never))
    lane = scene.session.lanes[DOWN]
    await scene.server_sends(text(bytes(1000), opcode=2))
    assert lane.parts.budget.held >= 1000
    lane.abandon()
    assert lane.parts.budget.held == 0


async def test_a_message_that_never_ends_in_order_goes_on_as_it_came() -> None:
    scene = Scene(Interceptor(lambda in_flight: None))
    data = text(b"begun", fin=False) + text(b"another one")
    await scene.server_sends(data)
    assert scene.got == data
    scene.session.lanes[DOWN].abandon()


def real_chain(clock: FakeClock, *specs: dict[str, object]) -> tuple[FaultChain, list[FaultRecord]]:
    records: list[FaultRecord] = []
    faults = FaultSet(1, clock.time)
    faults.populate([spec | {"direction": "downstream"} for spec in specs])
    record = Scene().session.connection
    return faults.chain(record, DOWN, records.append), records


async def test_a_delay_takes_a_large_message_in_pieces_all_equally_late() -> None:
    clock = FakeClock()
    chain, records = real_chain(clock, {"type": "latency", "latency": "1s", "name": "slow"})
    scene = Scene(chain=chain, clock=clock)
    large = text(bytes(PACED_ABOVE + 1), opcode=2)
    await scene.server_sends(large[:-1])
    clock.advance(0.5)
    await scene.server_sends(large[-1:])
    clock.advance(0.5)
    assert scene.got == large[:-1]
    clock.advance(0.5)
    assert scene.got == large[-1:]
    assert len(records) == 1  # it is one message, struck once
    scene.session.lanes[DOWN].abandon()


async def test_a_rate_paces_the_pieces_of_a_large_message() -> None:
    clock = FakeClock()
    chain, _ = real_chain(clock, {"type": "bandwidth", "rate": "100KB/s"})
    scene = Scene(chain=chain, clock=clock)
    large = text(bytes(PACED_ABOVE + 1), opcode=2)
    await scene.server_sends(large[:-1])
    await scene.server_sends(large[-1:])
    for _ in range(10):
        clock.advance(0.1)
    assert 50_000 < len(scene.got) < 150_000
    for _ in range(20):
        clock.advance(0.1)
    assert not scene.session.lanes[DOWN].parts.budget.held
    scene.session.lanes[DOWN].abandon()


class SlowClock(FakeClock):
    """A clock on which every look at it takes a while."""

    def time(self) -> float:
        self.now += TURN_SECONDS
        return self.now


async def test_much_at_once_is_decoded_in_turns() -> None:
    scene = Scene(Interceptor(lambda in_flight: None), clock=SlowClock())
    data = text(b"x") * 2000
    scene.session.lanes[DOWN].bytes_received(data)
    assert 0 < len(scene.client.written) < len(data)
    await scene.server_sends(text(b"after"))
    for _ in range(20):
        await settle()
    assert scene.got == data + text(b"after")
    scene.session.lanes[DOWN].abandon()


async def test_a_cut_at_once_overtakes_what_is_delayed() -> None:
    def passed(in_flight: InFlightMessage) -> list[Step]:
        if in_flight.content == b"cut":
            return [Cut("reset", "f", at_once=True)]
        return [Send(in_flight, 5.0)]

    scene = Scene(chain=Chain(passed))
    await scene.server_sends(text(b"late") + text(b"cut") + text(b"later"))
    assert scene.client.events == ["reset"]
    scene.clock.advance(10.0)
    assert scene.got == b""
    scene.session.lanes[DOWN].abandon()


async def test_the_end_of_the_stream_waits_for_who_is_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    gates: list[object] = []

    async def handle(in_flight: InFlightMessage) -> None:
        await settle()
        gates.append(in_flight)

    scene = Scene(Interceptor(handle))
    scene.session.lanes[DOWN].bytes_received(text(b"1") + text(b"2")[:3])
    scene.session.eof_received(DOWN)
    assert scene.client.events == []
    for _ in range(5):
        await settle()
    assert scene.got == text(b"1") + text(b"2")[:3]
    assert scene.client.events == ["eof"]
