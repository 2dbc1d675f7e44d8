"""One direction at run time: cut-through while nobody may change anything, held otherwise."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from wsproxy.faults.steps import Cut, Resume, Send, SendBytes, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Opcode
from wsproxy.relay.decoder import ClosePassed, StreamDecoder
from wsproxy.relay.encoder import LaneEncoder
from wsproxy.relay.interfaces import Clock, Interceptor, Recorder, Transport
from wsproxy.relay.outbox import Outbox

HELD_HIGH_WATER = 1024 * 1024
"""Bytes that may wait in a held lane before its source is read no further."""

_log = logging.getLogger(__name__)


class Faults(Protocol):
    """The faults of one direction of one connection (`faults.chain.FaultChain`)."""

    @property
    def active(self) -> bool:
        """Whether any fault may strike here."""

    def passed(self, in_flight: InFlightMessage, now: float) -> list[Step]:
        """What to do with a message or control frame."""

    def next_time(self) -> float | None:
        """When `tick` wants to be called, in seconds since the epoch; None: not at all."""

    def tick(self, now: float) -> list[Step]:
        """What to do without anything passing."""

    def ended(self, now: float) -> list[Step]:
        """What to do when the source has ended its stream."""


class Lane:
    """One direction of a session."""

    def __init__(
        self,
        decoder: StreamDecoder,
        source: Transport,
        sink: Transport,
        recorder: Recorder,
        clock: Clock,
        encoder: LaneEncoder,
        cut: Callable[[str], None],
    ) -> None:
        """`cut` ends the connection: `close` or `reset`."""
        self.decoder = decoder
        self.source = source
        self.sink = sink
        self.clock = clock
        self.recorder = recorder
        self.encoder = encoder
        self.cut = cut
        self.interceptors: Sequence[Interceptor] = ()
        self.faults: Faults | None = None
        self.ended = False
        """Whether the source will send nothing more."""
        self._pauses: set[str] = set()
        self._write = sink.write
        self._chunks = recorder.journal.chunks
        self._wake = recorder.wake
        self._time = clock.time
        self._held: HeldLane | None = None
        self._switching = False
        self._injections: list[InFlightMessage] = []

    def bytes_received(self, data: bytes) -> None:
        """Bytes from the source."""
        if self._held is not None:
            self._held.bytes_received(data)
            return
        # The cut-through path: relay first, look afterwards.
        self._write(data)
        chunks = self._chunks
        if not chunks:
            self._wake()
        chunks.append((self.decoder, self._time(), data))
        if self._switching:
            self.reconsider()

    @property
    def wanted(self) -> bool:
        """Whether anybody may change what passes."""
        return (
            bool(self._injections)
            or self.intercepted
            or (self.faults is not None and self.faults.active)
        )

    @property
    def intercepted(self) -> bool:
        """Whether an interceptor may change what passes."""
        if not self.interceptors:
            return False
        direction = self.decoder.direction
        return any(interceptor.wants(direction) for interceptor in self.interceptors)

    def reconsider(self) -> None:
        """Somebody may want to change what passes, or no longer: switch at a message boundary."""
        if self._held is not None:
            self._held.wake()
            return
        self._switching = self.wanted
        if not self._switching:
            return
        self.recorder.journal.drain()
        if self.decoder.at_message_boundary and not self.ended:
            self._switching = False
            self.decoder.hold()
            self._held = HeldLane(self, self._released)
            for in_flight in self._injections:
                self._held.inject(in_flight)
            self._injections.clear()

    def inject(self, in_flight: InFlightMessage) -> None:
        """Send something that the source did not, between two messages."""
        if self._held is not None:
            self._held.inject(in_flight)
        else:
            self._injections.append(in_flight)
            self.reconsider()

    def pause(self, why: str, paused: bool) -> None:
        """Stop or go on reading from the source; it flows when nobody wants it stopped."""
        if paused:
            if not self._pauses:
                self.source.pause_reading()
            self._pauses.add(why)
        elif why in self._pauses:
            self._pauses.remove(why)
            if not self._pauses:
                self.source.resume_reading()

    @property
    def held(self) -> bool:
        """Whether what passes is held, or else written on at once."""
        return self._held is not None

    @property
    def at_frame_boundary(self) -> bool:
        """Whether a frame of the proxy's own could be sent now."""
        return self.decoder.at_frame_boundary and (self._held is None or self._held.idle)

    @property
    def stalled(self) -> bool:
        """Whether a fault keeps everything back, the end of the stream included."""
        return self._held is not None and self._held.stalled

    def finish(self, then: Callable[[], None]) -> None:
        """The source has ended its stream: call `then` when all it sent was passed on."""
        self.ended = True
        if self._held is not None:
            self._held.finish(then)
            return
        self.recorder.journal.drain()  # what is decided now depends on all that came before
        self.record(self.decoder.eof(self._time()))
        then()

    def abandon(self) -> None:
        """The connection is gone: what is held goes nowhere."""
        if self._held is not None:
            self._held.abandon()

    def record(self, records: Sequence[object]) -> None:
        """Add decoded records to the journal."""
        if records:
            self.recorder.journal.add(list(records))  # type: ignore[arg-type]
            self.recorder.wake()

    def _released(self) -> None:
        self._held = None


class _Begun(NamedTuple):
    """A message that an interceptor has to wait with."""

    in_flight: InFlightMessage
    rest: Awaitable[None]
    size: int


class HeldLane:
    """Holds each message until interceptors and faults are done with it.

    Two stages, so that a delay holds back what is sent but not what is decided: a task takes
    what came through the interceptors one by one, and an outbox sends when it is time.
    """

    def __init__(self, lane: Lane, released: Callable[[], None]) -> None:
        self._lane = lane
        self._released = released
        self._inbox: deque[tuple[bytes, float] | InFlightMessage | _Begun] = deque()
        self._outbox = Outbox(
            lane.sink.write, lane.cut, lane.clock, self._count, self._outbox_emptied
        )
        self._waiting = 0
        self._full = False
        self._finish: Callable[[], None] | None = None
        self._idle = False
        """Whether the task waits for something to do."""
        self._cancel_tick: Callable[[], None] | None = None
        self._tick_at: float | None = None
        self._signal = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._plan_tick()

    @property
    def stalled(self) -> bool:
        """Whether a fault has silenced the lane."""
        return self._outbox.stalled

    @property
    def idle(self) -> bool:
        """Whether nothing is held at all."""
        return not self._inbox and self._outbox.empty

    def bytes_received(self, data: bytes) -> None:
        """Bytes from the source."""
        time = self._lane.clock.time()
        if self._idle and not self._inbox and self._at_once(data, time):
            return
        self._inbox.append((data, time))
        self._count(len(data))
        self._signal.set()

    def _at_once(self, data: bytes, time: float) -> bool:
        """Handle what came at once where nobody has to be waited for: two thirds of the cost are
        the task's. False where this is not so.
        """
        lane = self._lane
        begin = None
        if lane.intercepted:
            begin = self._only_begin()
            if begin is None:
                return False
        whole = lane.decoder.whole_in_flight(data, time)
        if whole is not None:
            lane.recorder.journal.add_message(lane.decoder.key, time, whole.number or 0, data)
            lane.recorder.wake()
            if begin is None:
                self._decide(whole)
            else:
                self._begin(begin, whole, len(data))
        elif begin is not None:
            return False
        else:
            for records, completed in lane.decoder.feed_held(data, time):
                lane.record(records)
                for in_flight in completed:
                    self._decide(in_flight)
        if begin is None and (lane.faults is None or not lane.faults.active):
            self._signal.set()  # that may have been all there was to hold for
        return True

    def _begin(
        self,
        begin: Callable[[InFlightMessage], Awaitable[None] | None],
        in_flight: InFlightMessage,
        size: int,
    ) -> None:
        rest = None
        try:
            rest = begin(in_flight)
        except Exception as error:  # noqa: BLE001 - a plugin's failure must not stop traffic
            _log.error("an interceptor failed, the message passes: %r", error)
        if rest is None:
            self._decide(in_flight)
            return
        self._inbox.append(_Begun(in_flight, rest, size))
        self._count(size)
        self._signal.set()

    def _only_begin(self) -> Callable[[InFlightMessage], Awaitable[None] | None] | None:
        """How the one interceptor that wants anything begins; None if there are more, or it cannot."""
        found: Interceptor | None = None
        direction = self._lane.decoder.direction
        for each in self._lane.interceptors:
            if each.wants(direction):
                if found is not None:
                    return None
                found = each
        # isinstance(found, PromptInterceptor) would take longer than all the rest
        return getattr(found, "begin", None)

    def inject(self, in_flight: InFlightMessage) -> None:
        """Send something that the source did not, after what is held already."""
        self._inbox.append(in_flight)
        self._signal.set()

    def wake(self) -> None:
        """Look whether there is anything left to hold for."""
        self._plan_tick()
        self._signal.set()

    def finish(self, then: Callable[[], None]) -> None:
        """Call `then` when all that came was passed on."""
        self._finish = then
        self._signal.set()

    def abandon(self) -> None:
        """Stop; what is held goes nowhere."""
        self._task.cancel()
        if self._cancel_tick is not None:
            self._cancel_tick()
            self._cancel_tick = None
        self._outbox.abandon()

    async def _run(self) -> None:
        lane = self._lane
        while True:
            while self._inbox:
                item = self._inbox.popleft()
                if isinstance(item, InFlightMessage):
                    await self._handle(item)
                    continue
                if isinstance(item, _Begun):
                    await self._conclude(item)
                    continue
                data, time = item
                for records, completed in lane.decoder.feed_held(data, time):
                    lane.record(records)
                    for in_flight in completed:
                        await self._handle(in_flight)
                self._count(-len(data))
            if self._finish is not None:
                await self._end()
                return
            if self._may_release():
                lane.decoder.release()
                self._released()
                return
            self._signal.clear()
            self._idle = True
            await self._signal.wait()
            self._idle = False

    async def _conclude(self, begun: _Begun) -> None:
        try:
            await begun.rest
        except Exception as error:  # noqa: BLE001 - a plugin's failure must not stop traffic
            _log.error("an interceptor failed, the message passes: %r", error)
        self._decide(begun.in_flight)
        self._count(-begun.size)

    def _may_release(self) -> bool:
        lane = self._lane
        return (
            not lane.wanted
            and self._outbox.empty
            and lane.encoder.verbatim
            and lane.decoder.at_message_boundary
        )

    async def _end(self) -> None:
        lane = self._lane
        lane.record(lane.decoder.eof(lane.clock.time()))
        for in_flight in lane.decoder.take():
            await self._handle(in_flight)
        if lane.faults is not None and lane.faults.active:
            self._take_steps(lane.faults.ended(lane.clock.time()))
        rest = lane.decoder.take_rest()
        if rest is not None:
            self._outbox.send(b"".join(frame.wire for frame in rest.frames), 0.0)
        if self._outbox.empty and self._finish is not None:
            self._finish()

    async def _handle(self, in_flight: InFlightMessage) -> None:
        lane = self._lane
        for interceptor in lane.interceptors:
            if interceptor.wants(in_flight.direction):
                try:
                    await interceptor.handle(in_flight)
                except Exception as error:  # noqa: BLE001 - a plugin's failure must not stop traffic
                    _log.error("%s failed, the message passes: %r", interceptor, error)
        self._decide(in_flight)

    def _decide(self, in_flight: InFlightMessage) -> None:
        """What is left of it after the interceptors goes to the faults, and out."""
        lane = self._lane
        if lane.faults is not None and lane.faults.active:
            self._take_steps(lane.faults.passed(in_flight, lane.clock.time()))
            self._plan_tick()
        else:
            self._take_steps([Send(in_flight)])

    def _take_steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Send):
                self._encode(step)
            elif isinstance(step, SendBytes):
                self._outbox.send(step.data, step.delay)
            elif isinstance(step, Resume):
                self._outbox.resume()
            elif isinstance(step, Cut) and step.at_once:
                self._outbox.cut(step)
            else:
                self._outbox.put(step, step.delay)

    def _encode(self, step: Send) -> None:
        lane = self._lane
        in_flight = step.in_flight
        if in_flight.verdict == "injected" and in_flight.number is None:
            in_flight.number = lane.decoder.next_number(in_flight)
        frames = lane.encoder.encode(in_flight)
        if in_flight.verdict == "injected":
            lane.record(lane.decoder.injected_records(in_flight, frames))
            if in_flight.opcode == Opcode.CLOSE and lane.decoder.close is None:
                said = parse_close(in_flight.content)
                by = ", ".join(in_flight.causes)
                lane.decoder.close = ClosePassed(lane.clock.time(), *said, by)
        record = lane.decoder.message_record(in_flight)
        if record is not None:
            lane.record([record])
        if not frames:
            return
        if step.shape is not None:
            self._take_steps(step.shape(frames))
        elif in_flight.wire is not None and frames is in_flight.came:
            self._outbox.send(in_flight.wire, step.delay)
        else:
            self._outbox.send(b"".join(frame.wire for frame in frames), step.delay)

    def _outbox_emptied(self) -> None:
        if not self._lane.wanted:
            self._signal.set()  # that was all there was to hold for
        if self._finish is not None and self._task.done():
            self._finish()

    def _plan_tick(self) -> None:
        faults = self._lane.faults
        at = faults.next_time() if faults is not None else None
        if at == self._tick_at:
            return
        self._tick_at = at
        if self._cancel_tick is not None:
            self._cancel_tick()
            self._cancel_tick = None
        if at is not None:
            delay = max(at - self._lane.clock.time(), 0.0)
            self._cancel_tick = self._lane.clock.call_later(delay, self._tick)

    def _tick(self) -> None:
        self._cancel_tick = self._tick_at = None
        faults = self._lane.faults
        if faults is not None:
            self._take_steps(faults.tick(self._lane.clock.time()))
            self._plan_tick()
            self._signal.set()  # that may have been all there was to hold for

    def _count(self, size: int) -> None:
        self._waiting += size
        full = self._waiting > HELD_HIGH_WATER
        if full != self._full:
            self._full = full
            self._lane.pause("held", full)
