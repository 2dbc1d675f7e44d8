"""What leaves a held lane: through the faults and the encoder into the outbox, and on the record."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence

from wsproxy.faults.steps import Cut, Resume, Send, SendBytes, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import FrameRecord, MessageRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Frame, Opcode
from wsproxy.relay.decoder import ClosePassed
from wsproxy.relay.holding import Piece, Unheld
from wsproxy.relay.outbox import Outbox, Slice
from wsproxy.relay.parts import Parts

_log = logging.getLogger(__name__)


class Departure:
    """Sends what the interceptors of a lane are done with."""

    def __init__(
        self,
        parts: Parts,
        count: Callable[[int], None],
        delivered: Callable[[], None],
        guarded: Callable[[Callable[[], None]], None],
    ) -> None:
        """`count` hears of bytes that wait, or no longer; `delivered` is called when something was
        sent at its time. `guarded` does something in which faults have their say.
        """
        self.paced = False
        """Whether all faults that may strike only delay or pace."""
        self._parts = parts
        self._delivered = delivered
        self._guarded = guarded
        self._direction = parts.decoder.direction
        self._time = parts.clock.time
        self._outbox = Outbox(self._write, parts.cut, parts.clock, count, delivered)
        self._ended = False
        self._abandoned = False
        self._cancel_tick: Callable[[], None] | None = None
        self._tick_at: float | None = None

    @property
    def stalled(self) -> bool:
        """Whether a fault lets nothing pass."""
        return self._outbox.stalled

    @property
    def empty(self) -> bool:
        """Whether nothing waits to be sent, and nothing would have to."""
        return self._outbox.empty

    def write(self) -> None:
        """Send what has gathered."""
        self._outbox.write()

    def end(self) -> None:
        """The source has ended its stream, and all that came was decided."""
        faults = self._parts.faults
        if not self._ended and faults is not None and faults.active:
            self._take_steps(faults.ended(self._time()))
        self._ended = True
        self._outbox.write()

    def abandon(self) -> None:
        """Send nothing more."""
        self._abandoned = True
        if self._cancel_tick is not None:
            self._cancel_tick()
            self._cancel_tick = None
        self._outbox.abandon()

    def decide(self, in_flight: InFlightMessage) -> None:
        """What is left of it after the interceptors goes to the faults, and out."""
        faults = self._parts.faults
        if faults is not None and faults.active:
            self._take_steps(faults.passed(in_flight, self._time()))
            self.plan_tick()
        elif self._parts.encoder.keeps(in_flight):
            self._record(in_flight)
            self._outbox.send(in_flight.wire, 0.0)
        else:
            self._encode(Send(in_flight))

    def piece(self, piece: Piece) -> None:
        """Bytes of a message that is too large to be held."""
        faults = self._parts.faults
        if self.paced and faults is not None:
            self._take_steps(faults.piece(piece.data, self._time(), first=piece.first))
            self.plan_tick()
        else:
            self._outbox.send(piece.data, 0.0)

    def unheld(self, unheld: Unheld, limit: int) -> None:
        """A message has passed that is larger than `limit`, in bytes."""
        message = unheld.message
        paced = self.paced
        if not paced:
            _log.warning(
                "connection %s, %s: message %s passed unheld: it has more than %s bytes",
                self._parts.decoder.connection_id,
                self._direction.name.lower(),
                unheld.number,
                limit,
            )
        if paced and message.frames == 1 and message.opaque is None:
            return
        self._parts.journal.out.add_message(
            MessageRecord(
                self._parts.decoder.connection_id,
                self._direction,
                unheld.number,
                unheld.time,
                message.opcode,
                message.content[: self._parts.decoder.max_payload],
                message.content_length,
                message.payload_length,
                message.compressed,
                message.opaque,
                cause=None if paced else "too large to be held",
            )
        )

    def _take_steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Send):
                self._encode(step)
            elif isinstance(step, SendBytes):
                self._outbox.send(Slice(step.data), step.delay)
            elif isinstance(step, Resume):
                self._outbox.resume()
            elif isinstance(step, Cut) and step.at_once:
                self._outbox.cut(step)
            else:
                self._outbox.put(step, step.delay)

    def _encode(self, step: Send) -> None:
        parts = self._parts
        in_flight = step.in_flight
        injected = in_flight.verdict == "injected"
        if injected and in_flight.number is None and not in_flight.is_control:
            in_flight.number = parts.decoder.next_number()
        verbatim = step.shape is None and parts.encoder.keeps(in_flight)
        frames = [] if verbatim else parts.encoder.encode(in_flight)
        if injected:
            self._record_injected(in_flight, frames)
        self._record(in_flight)
        if verbatim:
            self._outbox.send(in_flight.wire, step.delay)
        elif frames and step.shape is not None:
            self._take_steps(step.shape(frames))
        elif frames:
            self._outbox.send(b"".join(frame.wire for frame in frames), step.delay)

    def _write(self, data: bytes) -> None:
        # uvloop raises it where the socket is gone already: a timer may be later than that.
        with contextlib.suppress(RuntimeError):
            self._parts.sink.write(data)

    def _record_injected(self, in_flight: InFlightMessage, frames: Sequence[Frame]) -> None:
        """Record frames that were made here."""
        decoder = self._parts.decoder
        origin = ", ".join(in_flight.causes)
        for frame in frames:
            kept = frame._replace(payload=frame.payload[: decoder.max_payload])
            self._parts.journal.out.add(
                FrameRecord(
                    decoder.connection_id,
                    self._direction,
                    in_flight.time,
                    kept,
                    in_flight.number,
                    (),
                    origin,
                )
            )
        if in_flight.opcode == Opcode.CLOSE and decoder.close is None:
            said = parse_close(in_flight.content)
            decoder.close = ClosePassed(self._time(), *said, origin)
        self._parts.journal.added()

    def _record(self, in_flight: InFlightMessage) -> None:
        """Record a message that was held, where its frames do not say all."""
        relayed = in_flight.verdict == "relayed"
        if relayed and not in_flight.fragmented and in_flight.opaque is None:
            return
        decoder = self._parts.decoder
        most = decoder.max_payload
        changed = in_flight.content is not in_flight.original
        self._parts.journal.out.add_message(
            MessageRecord(
                decoder.connection_id,
                self._direction,
                in_flight.number or 0,
                in_flight.time,
                in_flight.opcode,
                in_flight.original[:most],
                len(in_flight.original),
                in_flight.payload_length,
                in_flight.compressed,
                in_flight.opaque,
                in_flight.verdict,
                in_flight.content[:most] if changed else None,
                ", ".join(in_flight.causes) or None,
            )
        )
        self._parts.journal.added()

    def plan_tick(self) -> None:
        """See when a fault next wants to act without anything passing."""
        faults = self._parts.faults
        at = faults.next_time() if faults is not None else None
        if at == self._tick_at:
            return
        self._tick_at = at
        if self._cancel_tick is not None:
            self._cancel_tick()
            self._cancel_tick = None
        if at is not None:
            delay = max(at - self._time(), 0.0)
            self._cancel_tick = self._parts.clock.call_later(delay, self._tick)

    def _tick(self) -> None:
        self._cancel_tick = self._tick_at = None
        faults = self._parts.faults
        if faults is not None:
            self._guarded(lambda: self._take_steps(faults.tick(self._time())))
            if self._abandoned:
                return
            self._outbox.write()
            self.plan_tick()
            self._delivered()
