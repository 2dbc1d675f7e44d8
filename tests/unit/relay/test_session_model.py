"""A session against a reference model, which is as simple as the session is fast.

Hypothesis makes up what happens: chunks of either peer, cut anywhere; somebody who wants to see the
messages of a direction, and keeps them; a fault that stalls; injections; FIN and RST. After every
step each peer has got exactly what the model says, and in the end every byte is on the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from tests.support.fakes import FakeClock, FakeRecorder, FakeTransport, connection
from tests.support.framedecoder import FrameDecoder
from wsproxy.faults.steps import Resume, Send, SendBytes, Stall, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Opcode, make_frame
from wsproxy.relay.holding import HoldBudget
from wsproxy.relay.interfaces import LiveConnection
from wsproxy.relay.journal import Journal
from wsproxy.relay.session import Session

UP, DOWN = Direction
KEY = bytes(4)
STALL, RESUME = b"stall", b"resume"

directions = st.sampled_from(Direction)
cuts = st.lists(st.integers(0, 40), max_size=3)
messages = st.sampled_from([[b""], [b"one"], [b"fr", b"ag", b"ments"], [b"x" * 130], [STALL]])


class ModelLane:
    """What one direction does, frame by frame, without a thought to speed."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.wanted = self.faulty = self.blocked = self.stalled = False
        self.held = False
        self.fin = self.fin_passed = self.dead = False
        self._decoder = FrameDecoder()
        self._partial = b""
        """The bytes of a frame that is not whole."""
        self._message = b""
        """The message under way, where it is held: its frames, and as much as there is."""
        self._in_message = False
        self._injections: list[bytes] = []
        self._waiting: list[bytes | Step] = []
        """What is kept from the faults by somebody who looks at it."""
        self._stalled: list[bytes | Step] = []

    @property
    def at_boundary(self) -> bool:
        return not self._partial and not self._in_message

    def chunk(self, data: bytes) -> None:
        if not self.held:
            self.out += data
        self._partial += data
        for frame in self._decoder.feed(data):
            assert self._partial.startswith(frame.wire)
            self._partial = self._partial[len(frame.wire) :]
            control = frame.opcode >= Opcode.CLOSE
            if not control:
                self._in_message = not frame.fin
            if not self.held:
                continue
            if control:
                self._complete(frame.wire, b"")
            else:
                self._message += frame.wire
                if frame.fin:
                    whole, self._message = self._message, b""
                    self._complete(whole, frame.payload)

    def inject(self, wire: bytes) -> None:
        if self.held:
            self._complete(wire, b"")
        else:
            self._injections.append(wire)

    def unblock(self) -> None:
        self.blocked = False
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._decide(each)

    def end(self) -> None:
        """FIN has come: what is not whole goes on as it is."""
        self.fin = True
        if self.held:
            for rest in (self._message, self._partial):
                if rest:
                    self._complete(rest, b"", raw=True)

    def settle(self) -> None:
        """Change between holding and not, where that is possible."""
        switches = self.wanted or self.faulty or self._injections
        if not self.held and switches and self.at_boundary and not self.fin:
            self.held = True
            for wire in self._injections:
                self._complete(wire, b"")
            self._injections = []
        empty = not self._waiting and not self.stalled
        if (
            self.held
            and empty
            and self.at_boundary
            and not (self.wanted or self.faulty or self.fin)
        ):
            self.held = False
        if self.fin and empty:
            self.fin_passed = True

    def _complete(self, wire: bytes, payload: bytes, *, raw: bool = False) -> None:
        step: bytes | Step = wire
        if self._waiting or (self.blocked and self.wanted and not raw):
            self._waiting.append(self._fault(wire, payload))
        else:
            step = self._fault(wire, payload)
            self._decide(step)

    def _fault(self, wire: bytes, payload: bytes) -> bytes | Step:
        return Stall() if self.faulty and payload == STALL else wire

    def _decide(self, step: bytes | Step) -> None:
        if self.stalled:
            self._stalled.append(step)
        elif isinstance(step, Stall):
            self.stalled = True
        elif isinstance(step, bytes):
            self.out += step

    def resume(self) -> None:
        self.stalled = False
        stalled, self._stalled = self._stalled, []
        for each in stalled:
            if isinstance(each, bytes):  # a stall that was still to come is over, too
                self.out += each


class Watching:
    """Wants a direction while it is told to, and keeps what it sees while it is told to."""

    def __init__(self, models: dict[Direction, ModelLane]) -> None:
        self._models = models
        self.gates = {direction: asyncio.Event() for direction in Direction}

    def attach(self, live: LiveConnection) -> Watching:
        return self

    def wants(self, direction: Direction) -> bool:
        return self._models[direction].wanted

    def handle(self, in_flight: InFlightMessage) -> Awaitable[None] | None:
        if self._models[in_flight.direction].blocked:
            return self._wait(self.gates[in_flight.direction])
        return None

    async def _wait(self, gate: asyncio.Event) -> None:
        await gate.wait()

    def ended(self) -> None:
        pass


class Stalling:
    """A fault that stalls at a message that says so, until it is told to resume."""

    paces = False

    def __init__(self, model: ModelLane) -> None:
        self._model = model
        self.resuming = False

    @property
    def active(self) -> bool:
        return self._model.faulty

    def passed(self, in_flight: InFlightMessage, now: float) -> list[Step]:
        return [Stall()] if in_flight.content == STALL else [Send(in_flight)]

    def piece(self, data: bytes, now: float, *, first: bool) -> list[Step]:
        return [SendBytes(data)]

    def next_time(self) -> float | None:
        return 1000.0 if self.resuming else None

    def tick(self, now: float) -> list[Step]:
        self.resuming = False
        return [Resume()]

    def ended(self, now: float) -> list[Step]:
        return []


class SessionMachine(RuleBasedStateMachine):
    """Both, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()

    @initialize()
    def begin(self) -> None:
        self.models = {direction: ModelLane() for direction in Direction}
        self.sent = dict.fromkeys(Direction, b"")
        self.left = dict.fromkeys(Direction, b"")
        """What a peer has still to send of what it has begun."""
        self.reset_by: Direction | None = None
        self.over = False
        self.peers = (FakeTransport(), FakeTransport())
        self.recorder, self.clock, self.budget = FakeRecorder(), FakeClock(), HoldBudget()
        self.watching = Watching(self.models)
        self.ended: list[bool] = []
        with patch("wsproxy.relay.session._new_masking_key", lambda: KEY):
            self.journal = Journal(self.clock, self.recorder)
            self.session = Session(
                connection(),
                *self.peers,
                self.journal,
                self.clock,
                on_end=lambda: self.ended.append(True),
                budget=self.budget,
            )
        self.chains = [Stalling(self.models[direction]) for direction in Direction]
        self.do(lambda: self.session.intercept([self.watching], self.chains))

    def do(self, step: object) -> None:
        """One step, and all that follows of it at once."""

        async def run() -> None:
            step()  # type: ignore[operator]
            for _ in range(6):
                await asyncio.sleep(0)
                self.clock.advance(0)

        self.loop.run_until_complete(run())
        if self.reset_by is None and not self.over:
            for model in self.models.values():
                model.settle()
            self.compare()

    def compare(self) -> None:
        for direction, model in self.models.items():
            sink = self.peers[direction.other]
            assert bytes(sink.written) == bytes(model.out), direction
            if self.open:
                assert ("eof" in sink.events) == model.fin_passed, direction
                assert model.fin or self.session.lanes[direction].held == model.held, direction
        if all(model.fin_passed for model in self.models.values()):
            assert not self.open

    @property
    def open(self) -> bool:
        """Whether the session has not begun to close both sockets."""
        return not any({"close", "reset"} & set(peer.events) for peer in self.peers)

    def may_send(self, direction: Direction) -> bool:
        return self.open and not self.models[direction].fin

    @rule(seconds=st.floats(0, 1))
    def wait(self, seconds: float) -> None:
        """Nothing happens by itself, except that sockets which do not close are reset."""
        self.do(lambda: self.clock.advance(seconds))

    @rule(direction=directions, pieces=messages, ping=st.booleans(), cut=cuts)
    def message(
        self, direction: Direction, pieces: list[bytes], ping: bool, cut: list[int]
    ) -> None:
        """A peer sends a message, and stops short of its end where the last cut says so."""
        if not self.may_send(direction):
            return
        key = KEY if direction is UP else None
        data = self.left[direction]
        for at, piece in enumerate(pieces):
            last = at == len(pieces) - 1
            data += make_frame(1 if not at else 0, piece, fin=last, masking_key=key).wire
            if ping and not last:
                data += make_frame(Opcode.PING, b"p", masking_key=key).wire
        for size in cut:
            data = self.send(direction, data, size)
        self.left[direction] = data

    @rule(direction=directions)
    def rest(self, direction: Direction) -> None:
        """A peer sends what it has begun."""
        if self.may_send(direction):
            self.left[direction] = self.send(direction, self.left[direction], 1 << 20)

    def send(self, direction: Direction, data: bytes, size: int) -> bytes:
        chunk = data[:size]
        if chunk:
            self.sent[direction] += chunk
            self.models[direction].chunk(chunk)
            self.do(lambda: self.session.lanes[direction].bytes_received(chunk))
        return data[size:]

    @rule(direction=directions, wanted=st.booleans())
    def hold(self, direction: Direction, wanted: bool) -> None:
        model = self.models[direction]
        if self.open and (wanted or not model.blocked):
            model.wanted = wanted
            self.do(self.session.reconsider)

    @rule(direction=directions)
    def keep(self, direction: Direction) -> None:
        """Whoever looks on keeps what comes from now on."""
        if self.open and self.models[direction].wanted:
            self.models[direction].blocked = True
            self.watching.gates[direction].clear()

    @rule(direction=directions)
    def release(self, direction: Direction) -> None:
        if self.open and self.models[direction].blocked:
            self.models[direction].unblock()
            self.do(self.watching.gates[direction].set)

    @rule(direction=directions, faulty=st.booleans())
    def fault(self, direction: Direction, faulty: bool) -> None:
        model = self.models[direction]
        if self.open and not model.stalled and not model.blocked:
            model.faulty = faulty
            self.do(self.session.reconsider)

    @rule(direction=directions)
    def resume(self, direction: Direction) -> None:
        model = self.models[direction]
        if self.open and model.stalled:
            model.resume()
            self.chains[direction].resuming = True
            self.do(self.session.reconsider)

    @rule(direction=directions)
    def inject(self, direction: Direction) -> None:
        if self.may_send(direction):
            key = KEY if direction is UP else None
            self.models[direction].inject(make_frame(1, b"mine", masking_key=key).wire)
            self.do(lambda: self.session.inject(direction, 1, b"mine", "test"))

    @rule(direction=directions)
    def fin(self, direction: Direction) -> None:
        if self.may_send(direction):
            self.models[direction].end()
            self.do(lambda: self.session.eof_received(direction))

    @rule(direction=directions)
    def reset(self, direction: Direction) -> None:
        if not self.open:
            return
        self.reset_by = direction
        error = ConnectionResetError()
        self.do(lambda: self.session.connection_lost(direction, error))
        assert self.peers[direction.other].events[-1] == "reset"

    def teardown(self) -> None:
        """Both sockets are gone: nothing is kept, and every byte is on the record."""
        try:
            if hasattr(self, "session"):
                self.finish()
        finally:
            for gate in self.watching.gates.values() if hasattr(self, "watching") else ():
                self.loop.call_soon(gate.set)
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    def finish(self) -> None:
        self.over = True
        for direction in Direction:
            if direction is not self.reset_by:
                self.do(lambda each=direction: self.session.connection_lost(each, None))
        self.journal.flush()
        assert self.ended == [True]
        assert self.budget.held == 0
        frames, _ = self.recorder.taken()
        for direction in Direction:
            wire = b"".join(
                r.frame.wire for r in frames if r.direction is direction and r.origin is None
            )
            assert wire == self.sent[direction]
            holding = self.session.lanes[direction].decoder._holding
            assert holding is None or not holding.completed


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
