"""One direction of a connection: bytes in, entries of a batch out.

Everything that is known of the stream lives here: where the frames are, the message under way
with its inflater, the linter. It does no I/O and reads no clock.

Two ways through it. What lies whole in a chunk and needs no object of its own goes the short ways
(`short_ways`), many frames in one loop. Everything else goes frame by frame, and a frame whose
payload comes in several chunks piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wsproxy.model.batches import BatchBuilder
from wsproxy.model.blocks import Note
from wsproxy.model.records import Direction, MessageRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.deflate import Inflater
from wsproxy.protocol.frames import (
    FIN,
    MASK,
    OPCODE,
    Opcode,
    parse_header,
)
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.protocol.lint import FrameLinter, Violation, violation
from wsproxy.protocol.masking import apply_mask
from wsproxy.protocol.messages import INFLATE_AT_ONCE, Message, MessageAssembler
from wsproxy.relay.holding import Holding
from wsproxy.relay.short_ways import RUN_FRAMES, ShortWays

DEFAULT_MAX_PAYLOAD = 1024 * 1024

TURN_FRAMES = 128
"""Frames that are decoded one by one before the time is looked at."""


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
        self.key = connection_id << 1 | direction
        """Connection and direction in one number, as blocks have it."""
        self.close: ClosePassed | None = None
        """The first Close frame that passed, if one did."""
        self.throttle: Callable[[bool], None] = _ignore
        """Is called with True when so much waits to be decoded that no more should come."""
        self.failed: Callable[[], None] = _nothing
        """Is called where decoding has failed by a bug: the connection cannot go on."""
        self.max_payload = max_payload
        opaque = (
            f"unknown extension {', '.join(negotiated.unknown)}" if negotiated.unknown else None
        )
        self._assembler = MessageAssembler(max_payload, _inflater(direction, negotiated), opaque)
        self._linter = FrameLinter(
            direction.sender,
            rsv1_allowed=negotiated.deflate is not None,
            rsv_unknown=opaque is not None,
        )
        self._readable = opaque is None
        self._orderly = self._readable
        """Whether the next byte begins a message, and nothing is known to be odd."""
        self._deflates = negotiated.deflate is not None and self._readable
        self._short = ShortWays(
            connection_id,
            direction,
            self._assembler,
            self._linter,
            max_payload,
            deflates=self._deflates,
        )
        self._whole = self._short.whole
        self._holding: Holding | None = None
        # The frame under way.
        self._partial = b""
        """The beginning of a header."""
        self._header = b""
        self._payload_length = 0
        self._received = 0
        self._kept: list[bytes] = []
        self._kept_size = 0
        self.unfinished = False
        """Whether `decode` has to be called again although no bytes are left: the last piece of
        the payload is not inflated yet."""

    @property
    def at_frame_boundary(self) -> bool:
        """Whether the last byte decoded was the last one of a frame."""
        return not self._header and not self._partial

    @property
    def at_message_boundary(self) -> bool:
        """Whether the last byte decoded was the last one of a message."""
        return self.at_frame_boundary and not self._assembler.in_message

    @property
    def _in_order(self) -> bool:
        """Whether a frame that begins now may be one in good order.

        What follows a Close frame is a violation, and in a message it is a fragment.
        """
        return self._readable and not self._assembler.in_message and self.close is None

    # Holding.

    def hold(self, holding: Holding) -> None:
        """From the next message on give messages and control frames to `holding`.

        At a message boundary only.
        """
        self._holding = holding
        self._assembler.keep = max(holding.limit, self.max_payload)

    def release(self) -> None:
        """Undo `hold`; at a message boundary only."""
        self._holding = None
        self._assembler.keep = self.max_payload

    def next_number(self) -> int:
        """The number of a message that is injected now."""
        self._short.number += 1
        return self._short.number

    # Decoding.

    def decode(
        self, data: bytes, time: float, out: BatchBuilder, expired: Callable[[], bool]
    ) -> bytes:
        """Decode bytes that came at `time`, in seconds since the epoch.

        Returns what is left of them where `expired` said that it is enough for now: that has to
        come first at the next call.
        """
        if self._orderly and self._holding is None and self._whole(data, time, out):
            return b""
        if self.unfinished:
            if not self._assembler.go_on():
                return data
            self.unfinished = False
            if self._received == self._payload_length:
                self._end_frame(time, out)
        if self._partial:
            data = self._partial + data
            self._partial = b""
            self._orderly = self._in_order
        pos, end = 0, len(data)
        count = 0
        while pos < end:
            if self._header:
                pos = self._payload(data, pos, time, out)
            else:
                start = pos
                pos = self._short_way(data, pos, time, out)
                if pos == start:
                    pos = self._frame(data, pos, time, out)
                else:
                    count += RUN_FRAMES if pos < end else 0
            count += 1
            if self._holding is not None and self._holding.deliver is not None:
                self._holding.deliver()
            if count >= TURN_FRAMES or self._assembler.inflated >= INFLATE_AT_ONCE:
                count = 0
                self._assembler.inflated = 0
                if pos < end and (self.unfinished or expired()):
                    return data[pos:]
            if self.unfinished:
                return data[pos:]
        return b""

    def excuse(self) -> None:
        """The sender did not end this by itself: nothing that is cut off breaks a rule."""
        self._linter.excused = True

    def eof(self, time: float, out: BatchBuilder) -> None:
        """The stream has ended: what was under way is recorded as it is."""
        while self.unfinished and not self._assembler.go_on():
            pass
        self.unfinished = False
        if self._header:
            self._end_frame(time, out)
        elif self._partial:
            header, self._partial = self._partial, b""
            violations = self._linter.check(header, 0, -1)
            number = 0
            if header[0] & OPCODE < Opcode.CLOSE:
                if not self._assembler.in_message or header[0] & OPCODE:
                    self._short.number += 1
                number = self._short.number
            note = Note(-1, violations)
            out.add_frame(self.key, time, number, header, (), 0, note)
            if self._holding is not None:
                self._holding.raw(header)

    def _short_way(self, data: bytes, pos: int, time: float, out: BatchBuilder) -> int:
        """Take what needs no object each from `pos` on; returns where that ends."""
        short, holding = self._short, self._holding
        start = pos
        if self._orderly:
            pos = short.run(data, pos, time, out, holding)
        if pos == start and holding is None and self._readable:
            pos = short.small(data, pos, time, out)
            if pos != start:
                self._orderly = self._in_order
        return pos

    def _frame(self, data: bytes, pos: int, time: float, out: BatchBuilder) -> int:
        """Take any frame that begins at `pos`, or as much of it as there is; returns where it ends."""
        head = parse_header(data, pos)
        self._orderly = False  # until its end
        if head is None:
            self._partial = data[pos:]
            return len(data)
        self._payload_length, size = head
        body = pos + size
        self._header = data[pos:body]
        self._received = 0
        self._kept = []
        self._kept_size = 0
        first = data[pos]
        holding = self._holding
        if first & OPCODE < Opcode.CLOSE:
            assembler = self._assembler
            if not assembler.in_message or first & OPCODE:
                if holding is not None and assembler.in_message:
                    holding.interrupted()
                assembler.begin(first)
                self._short.number += 1
            assembler.frame(self._payload_length)
        elif holding is not None and first & OPCODE == Opcode.CLOSE:
            holding.interrupted()  # nothing more will come of a message that it stands in
        if holding is not None:
            holding.frame(first, self._header, self._payload_length)
        return self._payload(data, body, time, out)

    def _payload(self, data: bytes, pos: int, time: float, out: BatchBuilder) -> int:
        """Take what belongs to the frame under way; returns where that ends."""
        header = self._header
        missing = self._payload_length - self._received
        size = min(missing, len(data) - pos)
        piece = data if size == len(data) else data[pos : pos + size]
        if self._holding is not None and size:
            self._holding.raw_payload(header[0], piece)
        if header[1] & MASK:
            key = header[-4:]
            turn = self._received & 3
            piece = apply_mask(piece, key[turn:] + key[:turn] if turn else key)
        self._received += size
        room = self.max_payload - self._kept_size
        if room > 0 and size:
            kept = piece if size <= room else piece[:room]
            self._kept.append(kept)
            self._kept_size += len(kept)
        whole = size == missing
        if header[0] & OPCODE < Opcode.CLOSE:
            last = whole and header[0] >= FIN
            if self._holding is not None and self._holding.loose:
                self._assembler.keep_less(self.max_payload)
            if (size or last) and not self._assembler.feed(piece, last=last):
                self.unfinished = True
                return pos + size
        if whole:
            self._end_frame(time, out)
        return pos + size

    def _end_frame(self, time: float, out: BatchBuilder) -> None:
        """The frame under way has come as far as it will."""
        header, length, received = self._header, self._payload_length, self._received
        first = header[0]
        self._header = b""
        kept, kept_size = self._kept, self._kept_size
        payload = b"".join(kept) if first & OPCODE >= Opcode.CLOSE else b""
        violations = self._linter.check(header, length, received, payload)
        number = 0
        content = None
        content_length = None
        message = None
        if first & OPCODE >= Opcode.CLOSE:
            if first & OPCODE == Opcode.CLOSE and self.close is None and received == length:
                self.close = ClosePassed(time, *parse_close(payload))
        else:
            number = self._short.number
            if first >= FIN and received == length:
                message = self._assembler.end()
                violations += self._message_violations(message)
                if message.says_more:
                    content = message.content[: self.max_payload]
                    if message.content_length != len(content):
                        content_length = message.content_length
        self._orderly = self._in_order
        note = None
        if violations or received != kept_size or received != length or content_length is not None:
            note = Note(
                received if received != kept_size or received != length else None,
                violations,
                None,
                content_length,
            )
        out.add_frame(self.key, time, number, header, kept, kept_size, note, content)
        holding = self._holding
        if holding is not None:
            if message is not None:
                self._assembler.keep = max(holding.limit, self.max_payload)
            if received != length and first & OPCODE >= Opcode.CLOSE:
                holding.interrupted()  # the stream has ended: what came before goes first
            holding.end_frame(self.direction, time, first, payload, message, number)
        elif message is not None and (message.frames > 1 or message.opaque is not None):
            out.add_message(self._message_record(message, number, time, content or b""))

    def _message_violations(self, message: Message) -> tuple[Violation, ...]:
        sender = self.direction.sender
        if message.compressed and message.opaque:
            return (violation("deflate-data", message.opaque, sender),)
        if message.invalid_utf8:
            return self._short.not_utf8
        return ()

    def _message_record(
        self, message: Message, number: int, time: float, content: bytes
    ) -> MessageRecord:
        return MessageRecord(
            self.connection_id,
            self.direction,
            number,
            time,
            message.opcode,
            content,
            message.content_length,
            message.payload_length,
            message.compressed,
            message.opaque,
        )


def _ignore(paused: bool) -> None:
    pass


def _nothing() -> None:
    pass


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
