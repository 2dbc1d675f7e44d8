"""The short ways of the decoder: frames that lie whole in a chunk, and make no object each.

By far the most chunks are one message (`whole`), or many in good order (`run`). What is small and
whole but otherwise out of the ordinary (fragments, broken rules) has a loop of its own (`small`),
so that a flood of it costs little. Each takes what it can from a place on and says where it
stopped; the decoder's long way does the rest.
"""

from __future__ import annotations

from wsproxy.errors import DeflateError
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.blocks import Note
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import (
    FIN,
    MASK,
    OPCODE,
    RSV1,
    Opcode,
    parse_header,
)
from wsproxy.protocol.lint import FrameLinter, Violation, utf8_valid, violation
from wsproxy.protocol.masking import apply_mask
from wsproxy.protocol.messages import INFLATE_AT_ONCE, MessageAssembler
from wsproxy.relay.holding import Holding

RUN_FRAMES = 256
"""Frames that a run has at most: a fraction of a millisecond's work."""

SMALL = 4 * 1024
"""Bytes of payload above which a frame is not worth a loop without objects."""

INFLATED_AT_ONCE = 2 * 1024
"""Bytes of a compressed message that is inflated in one go: deflate makes at most 1,032 of one."""

_COMPRESSED: frozenset[int] = frozenset((FIN | RSV1 | Opcode.TEXT, FIN | RSV1 | Opcode.BINARY))
_TEXT = FIN | Opcode.TEXT
_BINARY = FIN | Opcode.BINARY
_PING_PONG = frozenset((FIN | Opcode.PING, FIN | Opcode.PONG))


class ShortWays:
    """The short ways of one direction; its decoder knows when each may be tried."""

    def __init__(
        self,
        connection_id: int,
        direction: Direction,
        assembler: MessageAssembler,
        linter: FrameLinter,
        max_payload: int,
        *,
        deflates: bool,
    ) -> None:
        self.number = 0
        """Of the last message."""
        self._direction = direction
        self._key = connection_id << 1 | direction
        self._assembler = assembler
        self._linter = linter
        self._max_payload = max_payload
        self._small = min(SMALL, max_payload)
        self._rsv1 = RSV1 if deflates else 0
        """The bit that says of a message that it is compressed."""
        self._compressed = _COMPRESSED if deflates else frozenset()
        self._messages = self._compressed | {_TEXT, _BINARY}
        """The first bytes of messages in one frame."""
        self._mask = MASK if direction is Direction.UPSTREAM else 0  # section 5.1
        self._base_size = 6 if direction is Direction.UPSTREAM else 2
        text = "a text message that is not UTF-8"
        self.not_utf8 = (violation("text-utf8", text, direction.sender),)
        self._noted: tuple[Violation, ...] = ()
        self._note = Note()

    def whole(self, data: bytes, time: float, out: BatchBuilder) -> bool:
        """Take a chunk that is exactly one message in good order: by far the most are.

        As `run`, in half the time; a property test holds both to the same.
        """
        mask = self._mask
        size = len(data)
        body = self._base_size
        length = size - body
        if length < 126:
            if length < 0 or data[1] != mask | length:
                return False
        elif length < 65538:
            body += 2
            length -= 2
            if length < 126 or data[1] != mask | 126 or data[2] << 8 | data[3] != length:
                return False
        else:
            body += 8
            length -= 8
            if length < 65536 or data[1] != mask | 127:
                return False
            if int.from_bytes(data[2:10], "big") != length:
                return False
        first = data[0]
        if length > self._max_payload or first not in self._messages:
            return False
        if mask:
            payload = apply_mask(data[body:], data[body - 4 : body])
            pieces: tuple[bytes, ...] = (data[:body], payload)
        else:
            payload = data[body:]
            pieces = (data,)
        content: bytes | None = None
        if first & RSV1:
            notes: list[tuple[int, Note]] = []
            content = self._inflate(first, payload, 0, notes)
            if content is None:
                return False
            if notes:
                out.notes[len(out)] = notes[0][1]
        elif first == _TEXT and not payload.isascii() and not utf8_valid(payload):
            return False
        self.number += 1
        out.add_whole(self._key, time, self.number, size, first, body, pieces, content)
        return True

    def run(  # noqa: PLR0915 - one loop: a call for each of its steps would double its cost
        self,
        data: bytes,
        pos: int,
        time: float,
        out: BatchBuilder,
        holding: Holding | None,
    ) -> int:
        """Take messages in good order, pings and pongs from `pos` on, at most RUN_FRAMES.

        Compressed ones, too, where they are small and nobody holds.

        Returns where the first frame begins that is anything else. What is checked here of a
        header agrees with parse_header (a property test holds it to that).
        """
        mask, base, most = self._mask, self._base_size, self._max_payload
        end = len(data)
        begin = pos
        key = self._key
        count = 0
        cells: list[float] = []
        pieces: list[bytes] = []
        contents: list[bytes] = []
        notes: list[tuple[int, Note]] = []
        compressed = self._compressed if holding is None else frozenset()
        number = self.number
        last = end - base
        frames = RUN_FRAMES if holding is None or holding.deliver is None else 1
        while pos <= last and count < frames:
            first = data[pos]
            length = data[pos + 1] ^ mask  # more than 127 where the masking is wrong
            body = pos + base
            if length >= 126:
                if length == 126:
                    if body + 2 > end:
                        break
                    length = data[pos + 2] << 8 | data[pos + 3]
                    body += 2
                    if length < 126:
                        break
                elif length == 127:
                    if body + 8 > end:
                        break
                    length = int.from_bytes(data[pos + 2 : pos + 10], "big")
                    body += 8
                    if length < 65536:
                        break
                else:
                    break
            stop = body + length
            if stop > end or length > most:
                break
            payload = data[body:stop]
            if mask:
                payload = apply_mask(payload, data[body - 4 : body])
            message, kept = number + 1, 0
            if first == _TEXT:
                if not payload.isascii() and not utf8_valid(payload):
                    break
            elif first == _BINARY:
                pass
            elif first in compressed:
                content = self._inflate(first, payload, count, notes)
                if content is None:
                    break
                kept = len(content) + 1
                contents.append(content)
            elif first in _PING_PONG and length < 126:
                message = 0
            else:
                break
            cells += (key, time, stop - pos, message, first, body - pos, kept)
            count += 1
            if message:
                number = message
            if mask:
                pieces.append(data[pos:body])
                pieces.append(payload)
            if holding is not None:
                wire = data if stop - pos == end else data[pos:stop]
                holding.whole(self._direction, time, first & OPCODE, payload, wire, message)
            pos = stop
        if count:
            self.number = number
            if not mask:
                pieces.append(data if pos - begin == end else data[begin:pos])
            out.add_run(key, cells, pieces, pos - begin, contents, notes)
        return pos

    def _inflate(
        self, first: int, payload: bytes, index: int, notes: list[tuple[int, Note]]
    ) -> bytes | None:
        """The content of a compressed message; what is to be noted of it goes into `notes`.

        None where it is large, or cannot be inflated: then the long way says why.
        """
        assembler = self._assembler
        inflater = assembler.inflater
        if inflater is None or inflater.broken or len(payload) > INFLATED_AT_ONCE:
            return None
        if assembler.inflated >= INFLATE_AT_ONCE:
            return None
        try:
            content, length = inflater.whole(payload, assembler.keep)
        except DeflateError:
            return None
        assembler.inflated += length
        cut = length > len(content)
        violations: tuple[Violation, ...] = ()
        ascii_ = first & OPCODE != Opcode.TEXT or content.isascii()
        if not ascii_ and not utf8_valid(content, whole=not cut):
            violations = self.not_utf8
        if violations or cut:
            notes.append((index, Note(None, violations, None, length if cut else None)))
        return content

    def small(  # noqa: PLR0915 - one loop, as `run` is
        self, data: bytes, pos: int, time: float, out: BatchBuilder
    ) -> int:
        """Take small frames of any kind from `pos` on, at most RUN_FRAMES of them.

        Left to the long way are Close frames, what is compressed, and ends of fragmented messages.
        Returns where the first frame begins that it did not take.
        """
        end = len(data)
        most = self._small
        head = parse_header(data, pos)
        if head is None or head[0] > most or pos + head[1] + head[0] > end:
            return pos  # most often the beginning of a frame whose rest is still to come
        assembler, linter, rsv1 = self._assembler, self._linter, self._rsv1
        begin = pos
        key = self._key
        count = 0
        cells: list[float] = []
        pieces: list[bytes] = []
        notes: list[tuple[int, Note]] = []
        while head is not None and count < RUN_FRAMES:
            length, size = head
            body = pos + size
            stop = body + length
            if stop > end or length > most:
                break
            first = data[pos]
            opcode = first & OPCODE
            fragment = False
            if opcode >= Opcode.CLOSE:
                if opcode == Opcode.CLOSE:
                    break
            elif assembler.in_message:
                if opcode or first >= FIN or assembler.compressed:
                    break
                fragment = True
            elif first & rsv1:
                break
            elif first < FIN:
                assembler.begin(first)
                self.number += 1
                fragment = True
            else:
                self.number += 1
            header = data[pos:body]
            payload = data[body:stop]
            if header[1] & MASK:
                payload = apply_mask(payload, header[-4:])
            violations = linter.check(header, length, length)
            if fragment:
                assembler.frame(length)
                assembler.feed(payload, last=False)
            elif opcode == Opcode.TEXT and not payload.isascii() and not utf8_valid(payload):
                violations = violations + self.not_utf8 if violations else self.not_utf8
            if violations:
                if violations is not self._noted:
                    self._noted, self._note = violations, Note(None, violations)
                notes.append((count, self._note))
            number = self.number if opcode < Opcode.CLOSE else 0
            cells += (key, time, stop - pos, number, first, size, 0)
            count += 1
            pieces.append(header)
            pieces.append(payload)
            pos = stop
            head = parse_header(data, pos)
        if count:
            out.add_run(key, cells, pieces, pos - begin, (), notes)
        return pos
