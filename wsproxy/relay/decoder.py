"""One direction of a connection: bytes in, records out.

Everything that is known of the stream lives here: the decoder, the assembler with its inflater,
the linter. It does no I/O and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wsproxy.errors import Side
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction, FrameRecord, MessageRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.deflate import INFLATE_LIMIT, Inflater
from wsproxy.protocol.frames import MASK, OPCODE, Frame, FrameDecoder, Opcode
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.protocol.lint import FrameLinter, Violation, utf8_valid, violation
from wsproxy.protocol.masking import apply_mask
from wsproxy.protocol.messages import Message, MessageAssembler

Record = FrameRecord | MessageRecord

DEFAULT_MAX_PAYLOAD = 1024 * 1024

_WHOLE_TEXT = 0x81
_WHOLE_BINARY = 0x82


class ClosePassed(NamedTuple):
    """A Close frame: when it passed, and what it said."""

    time: float
    code: int | None
    reason: str
    by: str | None = None
    """Who made it, if its sender did not."""


class StreamDecoder:
    """Decodes one direction.

    `max_payload` bounds what is recorded of a payload, in bytes.
    """

    def __init__(
        self,
        connection_id: int,
        direction: Direction,
        negotiated: NegotiatedExtensions = NegotiatedExtensions(),
        max_payload: int = DEFAULT_MAX_PAYLOAD,
    ) -> None:
        self.connection_id = connection_id
        self.direction = direction
        self.close: ClosePassed | None = None
        """The first Close frame that passed, if one did."""
        self._max_payload = max_payload
        # What is compressed has to be inflated whole, or the context is lost.
        self._decoder = FrameDecoder(
            max(max_payload, INFLATE_LIMIT) if negotiated.deflate else max_payload
        )
        opaque = (
            f"unknown extension {', '.join(negotiated.unknown)}" if negotiated.unknown else None
        )
        self._assembler = MessageAssembler(max_payload, _inflater(direction, negotiated), opaque)
        self._linter = FrameLinter(
            direction.sender, rsv1_allowed=negotiated.deflate is not None, rsv_unknown=bool(opaque)
        )
        self._message = 0
        self._readable = opaque is None
        self._plain = self._readable
        self._ready = self._plain
        """Whether the next byte begins a message, and nothing is known to be odd."""
        self._pieces: list[bytes] = []
        self._keeps = (self._decoder.keep, self._assembler.keep)
        self._holding = False
        self._held: list[Frame] = []
        self._passing: list[InFlightMessage] = []
        self._missing = 0
        self.key = connection_id << 1 | direction
        """Connection and direction in one number, as blocks have it."""
        upstream = direction is Direction.UPSTREAM
        self._mask_bit = MASK if upstream else 0  # section 5.1: clients mask, servers do not
        self._base_size = 6 if upstream else 2

    @property
    def at_frame_boundary(self) -> bool:
        """Whether a frame of the proxy's own could be put in now."""
        return self._decoder.at_boundary and not self._pieces

    def whole_message(self, data: bytes) -> int:
        """The number of the message, if `data` is exactly one whole message in good order.

        By far the most chunks are, and then there is nothing more to find out. Otherwise 0:
        then `data` has to be fed.
        """
        length = len(data) - self._base_size
        if not self._ready or length < 0 or length > self._max_payload:
            return 0
        if length < 126:
            if data[1] != self._mask_bit | length:
                return 0
        elif length < 65538:
            length -= 2
            if length < 126 or data[1] != self._mask_bit | 126 or data[2] << 8 | data[3] != length:
                return 0
        else:
            length -= 8
            if (
                length < 65536
                or data[1] != self._mask_bit | 127
                or int.from_bytes(data[2:10], "big") != length
            ):
                return 0
        first = data[0]
        if first == _WHOLE_TEXT:
            start = len(data) - length
            text = data[start:]
            if self._mask_bit:
                text = apply_mask(text, data[start - 4 : start])
            if not text.isascii() and not utf8_valid(text):
                return 0
        elif first != _WHOLE_BINARY:
            return 0
        self._message += 1
        return self._message

    def collect(self, data: bytes) -> bytes | None:
        """Hold the pieces of a large message back until it is whole; None while it is not.

        Its pieces need no decoding of their own, and joined they are copied once.
        """
        if self._pieces:
            self._pieces.append(data)
            self._missing -= len(data)
        elif self._ready and len(data) > 10 and data[0] in (_WHOLE_TEXT, _WHOLE_BINARY):
            length = data[1] ^ self._mask_bit
            if length == 126:
                length = self._base_size + 2 + (data[2] << 8 | data[3])
            elif length == 127:
                length = self._base_size + 8 + int.from_bytes(data[2:10], "big")
            else:
                return data  # small, or masked as it must not be: for `feed` to say
            if not len(data) < length <= self._max_payload:
                return data
            self._pieces.append(data)
            self._missing = length - len(data)
        if not self._pieces:
            return data
        if self._missing > 0:
            return None
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

    @property
    def at_message_boundary(self) -> bool:
        """Whether the last byte fed was the last one of a message."""
        return self.at_frame_boundary and not self._assembler.in_message

    def hold(self) -> None:
        """From the next message on keep everything, so that `take` can give it out."""
        self._decoder.keep = self._assembler.keep = None
        self._holding = True

    def release(self) -> None:
        """Undo `hold`; at a message boundary only."""
        self._decoder.keep, self._assembler.keep = self._keeps
        self._holding = False
        self._ready = self._plain and self._decoder.at_boundary

    def whole_in_flight(self, data: bytes, time: float) -> InFlightMessage | None:
        """While holding: the message that `data` is, if it is exactly one in good order.

        Its frame needs no record beyond its bytes, as with `whole_message`.
        """
        number = self.whole_message(data)
        if not number:
            return None
        size = len(data)
        start = self._base_size
        if size - start >= 126:
            start += 2 if size - start < 65538 else 8
        payload = data[start:]
        if self._mask_bit:
            payload = apply_mask(payload, data[start - 4 : start])
        size -= start
        opcode = data[0] & OPCODE
        frame = Frame(opcode, data[:start], payload, size, size)
        message = Message(opcode, payload, size, size, frame_lengths=[size])
        in_flight = InFlightMessage(
            self.direction, time, opcode, payload, [frame], message, number, original=payload
        )
        in_flight.wire = data
        return in_flight

    def take(self) -> list[InFlightMessage]:
        """While holding: the messages and control frames that were completed by `feed`."""
        in_flight, self._passing = self._passing, []
        return in_flight

    def take_rest(self) -> InFlightMessage | None:
        """While holding: the frames of a message that never ended, to be sent as they came."""
        frames, self._held = self._held, []
        return self._unfinished(frames) if frames else None

    def next_number(self, in_flight: InFlightMessage) -> int | None:
        """The number of an injected message; None for a control frame."""
        if in_flight.is_control:
            return None
        self._message += 1
        return self._message

    def injected_records(self, in_flight: InFlightMessage, frames: list[Frame]) -> list[Record]:
        """The records of frames that were made here."""
        origin = ", ".join(in_flight.causes)
        return [
            FrameRecord(
                self.connection_id,
                self.direction,
                in_flight.time,
                frame._replace(payload=frame.payload[: self._max_payload]),
                in_flight.number,
                (),
                origin,
            )
            for frame in frames
        ]

    def message_record(self, in_flight: InFlightMessage) -> MessageRecord | None:
        """The record of a message that was held, where it says more than its frames."""
        message = in_flight.message
        if in_flight.verdict == "relayed" and (message is None or not _says_more(message)):
            return None
        content = in_flight.original[: self._max_payload]
        return MessageRecord(
            self.connection_id,
            self.direction,
            in_flight.number or 0,
            in_flight.time,
            in_flight.opcode,
            content,
            len(in_flight.original) if message is None else message.content_length,
            len(in_flight.original) if message is None else message.payload_length,
            message is not None and message.compressed,
            message.opaque if message is not None else None,
            in_flight.verdict,
            in_flight.content[: self._max_payload]
            if in_flight.content != in_flight.original
            else None,
            ", ".join(in_flight.causes) or None,
        )

    def feed(self, data: bytes, time: float) -> list[Record]:
        """Decode bytes that came at `time`; return records of the frames they complete, each
        followed by the record of the message that it ends, where that says more than the frame.
        """
        records: list[Record] = []
        for frame in self._decoder.feed(data):
            self._seen(frame, time, records)
        self._ready = self._plain and self._decoder.at_boundary
        return records

    def feed_held(
        self, data: bytes, time: float
    ) -> Iterator[tuple[list[Record], list[InFlightMessage]]]:
        """While holding: for each frame that `data` completes its records and what it completes.

        One at a time, so that a message that is injected after one of them gets the next number,
        however the bytes were cut into pieces on their way.
        """
        for frame in self._decoder.feed(data):
            records: list[Record] = []
            self._seen(frame, time, records)
            yield records, self.take()
        self._ready = self._plain and self._decoder.at_boundary

    def eof(self, time: float) -> list[Record]:
        """The record of a frame that the end of the stream cut off, if there is one."""
        pieces = b"".join(self._pieces)
        self._pieces.clear()
        records = self.feed(pieces, time)
        frame = self._decoder.eof()
        if frame is not None:
            self._seen(frame, time, records)
        return records

    def _seen(self, frame: Frame, time: float, records: list[Record]) -> None:
        violations = self._linter.check(frame)
        message = None
        number = None
        if frame.is_control:
            if frame.opcode == Opcode.CLOSE and self.close is None and frame.complete:
                self.close = ClosePassed(time, *parse_close(frame.payload))
                self._plain = False  # what follows a Close frame is a violation
        else:
            if not self._assembler.in_message or frame.opcode != Opcode.CONTINUATION:
                self._message += 1
            number = self._message
            if frame.received >= 0:
                message = self._assembler.feed(frame)
            self._plain = self._readable and not self._assembler.in_message and self.close is None
        if message is not None:
            violations += self._message_violations(message)
        kept = frame
        if len(frame.payload) > self._max_payload:
            kept = frame._replace(payload=frame.payload[: self._max_payload])
        records.append(
            FrameRecord(self.connection_id, self.direction, time, kept, number, violations)
        )
        if self._holding:
            self._hold_back(frame, message, number, time)
        elif message is not None and number is not None and _says_more(message):
            records.append(self._message_record(message, number, time))

    def _hold_back(
        self, frame: Frame, message: Message | None, number: int | None, time: float
    ) -> None:
        if frame.is_control:
            if self._held and (frame.opcode == Opcode.CLOSE or not frame.complete):
                # Nothing more will come of the message that it stands in: that goes first.
                self._passing.append(self._unfinished(self._held))
                self._held = []
            payload = frame.payload
            self._passing.append(
                InFlightMessage(
                    self.direction, time, frame.opcode, payload, [frame], original=payload
                )
            )
            return
        if self._held and frame.opcode != Opcode.CONTINUATION:
            # A message inside a message: what there is of the first one goes on as it came.
            self._passing.append(self._unfinished(self._held))
            self._held = []
        self._held.append(frame)
        if message is not None:
            frames, self._held = self._held, []
            self._passing.append(
                InFlightMessage(
                    self.direction,
                    time,
                    message.opcode,
                    message.content,
                    frames,
                    message,
                    number,
                    original=message.content,
                )
            )

    def _unfinished(self, frames: list[Frame]) -> InFlightMessage:
        message = Message(frames[0].opcode, b"", 0, 0, opaque="a message that did not end")
        return InFlightMessage(self.direction, 0.0, frames[0].opcode, b"", frames, message)

    def _message_violations(self, message: Message) -> tuple[Violation, ...]:
        sender: Side = self.direction.sender
        if message.compressed and message.opaque:
            return (violation("deflate-data", message.opaque, sender),)
        if message.invalid_utf8:
            return (violation("text-utf8", "a text message that is not UTF-8", sender),)
        return ()

    def _message_record(self, message: Message, number: int, time: float) -> MessageRecord:
        return MessageRecord(
            self.connection_id,
            self.direction,
            number,
            time,
            message.opcode,
            message.content,
            message.content_length,
            message.payload_length,
            message.compressed,
            message.opaque,
        )


def _says_more(message: Message) -> bool:
    return message.compressed or message.opaque is not None or len(message.frame_lengths) > 1


def _inflater(direction: Direction, negotiated: NegotiatedExtensions) -> Inflater | None:
    if negotiated.deflate is None:
        return None
    if direction is Direction.UPSTREAM:
        return Inflater(
            negotiated.deflate.client_max_window_bits,
            no_context_takeover=negotiated.deflate.client_no_context_takeover,
        )
    return Inflater(
        negotiated.deflate.server_max_window_bits,
        no_context_takeover=negotiated.deflate.server_no_context_takeover,
    )
