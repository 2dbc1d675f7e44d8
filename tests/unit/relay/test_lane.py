"""Holding: switching at message boundaries, changing, injecting, and back to cut-through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.fakes import FakeClock, FakeRecorder, FakeTransport, connection
from wsproxy.faults.steps import Cut, Resume, Send, SendBytes, Stall, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction, FrameRecord, MessageRecord
from wsproxy.protocol.deflate import DeflateParameters
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.interfaces import LiveConnection
from wsproxy.relay.journal import UNDECODED_HIGH, Journal
from wsproxy.relay.parts import Faults
from wsproxy.relay.session import Session

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def text(content: bytes, *, fin: bool = True, opcode: int = 1) -> bytes:
    return make_frame(opcode, content, fin=fin).wire


class Interceptor:
    """Wants what it is told to, and does what it is told to."""

    def __init__(self, handle: Callable[[InFlightMessage], Awaitable[None] | None]) -> None:
        self.wanted = True
        self._handle = handle

    def attach(self, live: LiveConnection) -> Interceptor:
        return self

    def wants(self, direction: Direction) -> bool:
        return self.wanted

    def handle(self, in_flight: InFlightMessage) -> Awaitable[None] | None:
        return self._handle(in_flight)

    def ended(self) -> None:
        pass


class Chain:
    """Faults as a function."""

    def __init__(self, passed: Callable[[InFlightMessage], list[Step]]) -> None:
        self.active = True
        self.paces = False
        self._passed = passed

    def passed(self, in_flight: InFlightMessage, now: float) -> list[Step]:
        return self._passed(in_flight)

    def piece(self, data: bytes, now: float, *, first: bool) -> list[Step]:
        return [SendBytes(data, 1.0)]

    def next_time(self) -> float | None:
        return None

    def tick(self, now: float) -> list[Step]:
        return []

    def ended(self, now: float) -> list[Step]:
        return []


class Scene:
    """The downstream lane of a session, held by an interceptor or faults."""

    def __init__(
        self,
        interceptor: Interceptor | None = None,
        chain: Faults | None = None,
        clock: FakeClock | None = None,
        *,
        deflate: bool = False,
    ) -> None:
        self.client, self.server = FakeTransport(), FakeTransport()
        self.recorder, self.clock = FakeRecorder(), clock or FakeClock()
        self.journal = Journal(self.clock, self.recorder)
        self.session = Session(
            connection(),
            self.client,
            self.server,
            self.journal,
            self.clock,
            NegotiatedExtensions(DeflateParameters() if deflate else None),
        )
        self.session.intercept([interceptor] if interceptor else [], (None, chain))

    async def server_sends(self, data: bytes) -> None:
        self.session.lanes[DOWN].bytes_received(data)
        await settle()

    def taken(self) -> tuple[list[FrameRecord], list[MessageRecord]]:
        self.journal.flush()
        return self.recorder.taken()

    @property
    def got(self) -> bytes:
        data = bytes(self.client.written)
        self.client.written.clear()
        return data


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_changes_drops_and_what_is_left_alone() -> None:
    def handle(in_flight: InFlightMessage) -> None:
        if in_flight.content == b"change":
            in_flight.change(b"changed", "test")
        if in_flight.content == b"drop":
            in_flight.drop("test")

    scene = Scene(Interceptor(handle))
    await scene.server_sends(text(b"stay") + text(b"change") + text(b"drop") + text(b"end"))
    assert scene.got == text(b"stay") + text(b"changed") + text(b"end")
    frames, messages = scene.taken()
    assert [record.frame.payload for record in frames] == [b"stay", b"change", b"drop", b"end"]
    assert [(m.number, m.verdict, m.sent, m.cause) for m in messages] == [
        (2, "changed", b"changed", "test"),
        (3, "dropped", None, "test"),
    ]
    scene.session.lanes[DOWN].abandon()


async def test_the_switch_waits_for_the_end_of_a_message() -> None:
    interceptor = Interceptor(lambda in_flight: in_flight.change(b"new", "test"))
    interceptor.wanted = False
    scene = Scene(interceptor)
    await scene.server_sends(text(b"a", fin=False))
    interceptor.wanted = True
    scene.session.reconsider()
    await scene.server_sends(text(b"b", opcode=0))
    assert scene.got == text(b"a", fin=False) + text(b"b", opcode=0)
    await scene.server_sends(text(b"c"))
    assert scene.got == text(b"new")
    interceptor.wanted = False
    scene.session.reconsider()
    await settle()
    await scene.server_sends(text(b"d")[:1])
    assert scene.got == text(b"d")[:1]  # cut-through again


async def test_one_message_at_a_time() -> None:
    gate = asyncio.Event()
    order = []

    async def handle(in_flight: InFlightMessage) -> None:
        order.append(in_flight.content)
        await gate.wait()

    scene = Scene(Interceptor(handle))
    await scene.server_sends(text(b"1") + text(b"2"))
    assert (order, scene.got) == ([b"1"], b"")
    gate.set()
    await settle()
    assert (order, scene.got) == ([b"1", b"2"], text(b"1") + text(b"2"))
    scene.session.lanes[DOWN].abandon()


async def test_an_interceptor_that_fails_stops_nothing() -> None:
    def handle(in_flight: InFlightMessage) -> None:
        raise RuntimeError("broken")

    scene = Scene(Interceptor(handle))
    await scene.server_sends(text(b"all the same"))
    assert scene.got == text(b"all the same")
    scene.session.lanes[DOWN].abandon()


async def test_injecting_into_a_connection_that_nobody_holds() -> None:
    scene = Scene()
    await scene.server_sends(text(b"a", fin=False))
    scene.session.inject(DOWN, 1, b"hello", "test")
    await settle()
    assert scene.got == text(b"a", fin=False)
    await scene.server_sends(text(b"b", opcode=0))
    assert scene.got == text(b"b", opcode=0) + text(b"hello")
    await scene.server_sends(text(b"c")[:1])
    assert scene.got == text(b"c")[:1]
    frames, messages = scene.taken()
    assert [(r.frame.payload, r.message, r.origin) for r in frames][2] == (b"hello", 2, "test")
    assert [m.verdict for m in messages] == ["relayed", "injected"]


async def test_control_frames_go_ahead_of_a_message_that_is_still_coming() -> None:
    scene = Scene(Interceptor(lambda in_flight: None))
    await scene.server_sends(text(b"a", fin=False) + text(b"ping", opcode=9))
    assert scene.got == text(b"ping", opcode=9)
    await scene.server_sends(text(b"b", opcode=0))
    assert scene.got == text(b"a", fin=False) + text(b"b", opcode=0)
    scene.session.lanes[DOWN].abandon()


async def test_delays_keep_the_order_and_do_not_hold_back_decoding() -> None:
    delays = {b"1": 2.0, b"2": 1.0, b"3": 5.0}
    scene = Scene(chain=Chain(lambda in_flight: [Send(in_flight, delays[in_flight.content])]))
    await scene.server_sends(text(b"1") + text(b"2") + text(b"3"))
    assert len(scene.taken()[0]) == 3
    scene.clock.advance(1.5)
    assert scene.got == b""
    scene.clock.advance(1.0)
    assert scene.got == text(b"1") + text(b"2")
    scene.session.eof_received(DOWN)
    await settle()
    assert scene.client.events == []
    scene.clock.advance(3.0)
    assert scene.got == text(b"3")
    assert scene.client.events == ["eof"]


async def test_bytes_and_cuts() -> None:
    steps: list[Step] = [SendBytes(b"\x81"), SendBytes(b"\x00", 1.0), Cut("reset", "fault x", 1.0)]
    scene = Scene(chain=Chain(lambda in_flight: steps))
    await scene.server_sends(text(b"x"))
    assert scene.got == b"\x81"
    scene.clock.advance(1.0)
    assert scene.got == b"\x00"
    assert scene.client.events == ["reset"]
    scene.session.lanes[DOWN].abandon()


async def test_what_a_stall_holds_goes_on_when_it_is_over() -> None:
    special: dict[bytes, Step] = {b"stall": Stall(), b"resume": Resume()}
    scene = Scene(chain=Chain(lambda in_flight: [special.get(in_flight.content, Send(in_flight))]))
    await scene.server_sends(text(b"before") + text(b"stall"))
    scene.clock.advance(0.1)
    await scene.server_sends(text(b"after"))
    scene.clock.advance(0.1)
    assert scene.got == text(b"before")
    await scene.server_sends(text(b"resume"))
    assert scene.got == text(b"after")
    scene.session.lanes[DOWN].abandon()


async def test_the_end_of_the_stream_waits_for_the_end_of_a_stall() -> None:
    special: dict[bytes, Step] = {b"stall": Stall()}
    chain = Chain(lambda in_flight: [special.get(in_flight.content, Send(in_flight))])
    scene = Scene(chain=chain)
    await scene.server_sends(text(b"stall"))
    scene.clock.advance(0.1)
    scene.session.eof_received(DOWN)
    await settle()
    scene.clock.advance(100.0)
    assert scene.client.events == []
    scene.session.eof_received(UP)  # the client has had enough
    assert "close" in scene.client.events + scene.server.events
    scene.session.lanes[DOWN].abandon()


async def test_a_full_lane_stops_its_source() -> None:
    scene = Scene(chain=Chain(lambda in_flight: [Send(in_flight, 1.0)]))
    await scene.server_sends(text(b"x" * 2_000_000))
    assert not scene.server.reading
    scene.clock.advance(1.0)
    assert scene.server.reading
    scene.session.lanes[DOWN].abandon()


async def test_a_frame_that_is_cut_off_is_passed_on_as_far_as_it_came() -> None:
    scene = Scene(Interceptor(lambda in_flight: None))
    data = text(b"a", fin=False) + text(b"Hello", opcode=0)[:4]
    await scene.server_sends(data)
    scene.session.eof_received(DOWN)
    await settle()
    assert scene.got == data
    assert scene.client.events == ["eof"]


async def test_a_slow_recorder_stops_a_held_lane_that_sends_much_and_no_other() -> None:
    scene = Scene(Interceptor(lambda in_flight: None))
    assert scene.recorder.pressed is not None
    for _ in range(2):
        scene.recorder.pressed(True)
        await scene.server_sends(text(b"little"))
        assert scene.server.reading
        await scene.server_sends(text(bytes(UNDECODED_HIGH), opcode=2))
        assert (scene.server.reading, scene.client.reading) == (False, True)
        scene.recorder.pressed(False)
        assert scene.server.reading
    assert len(scene.got) > 2 * UNDECODED_HIGH  # what came went on all the same
    scene.session.lanes[DOWN].abandon()


async def test_what_is_due_a_little_later_does_not_come_along() -> None:
    delays = {b"1": 1.0, b"2": 1.03, b"3": 1.0301}
    scene = Scene(chain=Chain(lambda in_flight: [Send(in_flight, delays[in_flight.content])]))
    await scene.server_sends(text(b"1") + text(b"2") + text(b"3"))
    scene.clock.advance(0.99)
    assert scene.got == b""
    scene.clock.advance(0.01)
    assert scene.got == text(b"1")
    scene.clock.advance(0.03)
    assert scene.got == text(b"2") + text(b"3")  # one timer is enough for both
    scene.session.lanes[DOWN].abandon()


async def test_a_lane_that_has_let_go_collects_nothing() -> None:
    interceptor = Interceptor(lambda in_flight: None)
    scene = Scene(interceptor)
    lane = scene.session.lanes[DOWN]
    await scene.server_sends(text(b"held"))
    holding = lane.decoder._holding
    assert lane.held and holding is not None
    interceptor.wanted = False
    scene.session.reconsider()
    assert not lane.held
    for _ in range(3):
        await scene.server_sends(text(b"whole") + text(b"a", fin=False) + text(b"b", opcode=0))
    scene.taken()
    assert holding.completed == []
    assert lane.decoder._holding is None
    assert lane.parts.budget.held == 0


async def test_injections_that_waited_together_are_all_sent() -> None:
    scene = Scene()
    await scene.server_sends(text(b"a", fin=False))
    scene.session.inject(DOWN, 1, b"one", "test")
    scene.session.inject(DOWN, 1, b"two", "test")
    await scene.server_sends(text(b"b", opcode=0))
    rest = text(b"b", opcode=0) + text(b"one") + text(b"two")
    assert scene.got == text(b"a", fin=False) + rest


async def test_a_delay_that_outlives_its_socket_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(chain=Chain(lambda in_flight: [Send(in_flight, 1.0)]))
    await scene.server_sends(text(b"late"))
    monkeypatch.setattr(scene.client, "write", raise_as_uvloop_does)
    scene.clock.advance(1.0)
    assert not scene.session.lanes[DOWN].parts.budget.held
    scene.session.lanes[DOWN].abandon()


def raise_as_uvloop_does(data: bytes) -> None:
    raise RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed")
