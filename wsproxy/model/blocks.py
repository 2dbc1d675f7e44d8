"""Blocks: many frames in one value, as they are kept.

An object and a row for every frame cost more than relaying it does. So frames are collected into
blocks: their bytes in order, a fixed-size entry for each, and only what is out of the ordinary is
spelled out beside.

Frames lie in a block in *stored form*: the header as it came, then the payload without its mask,
for that is what people search and read. The header keeps the masking key, so the wire can be
reproduced exactly.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from wsproxy.errors import Side
from wsproxy.model.records import Direction, FrameRecord, MessageRecord
from wsproxy.protocol.frames import OPCODE, RSV1, Frame, parse_header
from wsproxy.protocol.lint import Violation


class Columns(NamedTuple):
    """The entries of a block's frames, a column each."""

    keys: array[int]
    """`connection_id << 1 | direction` (32 bits)."""
    times: array[float]
    """Seconds since the epoch."""
    sizes: array[int]
    """Bytes in stored form: the header and what is recorded of the payload (32 bits)."""
    numbers: array[int]
    """Of the message, counted from 1 in each direction; 0 for a control frame (32 bits)."""
    firsts: array[int]
    """The first byte of the header: FIN, RSV1 to RSV3, opcode."""
    headers: array[int]
    """Bytes of the header."""
    contents: array[int]
    """0, or 1 + the bytes recorded of the content of the message that the frame ends, where that
    is not the frame's payload: inflated, or put together from fragments (32 bits)."""

    def pack(self) -> bytes:
        """All columns one after the other, little-endian."""
        return b"".join(_little(column).tobytes() for column in self)

    @classmethod
    def unpack(cls, count: int, data: bytes) -> Columns:
        """What `pack` gave for `count` frames; raises ValueError where the size is another."""
        if len(data) != count * ENTRY_SIZE:
            raise ValueError(f"{len(data)} bytes are not the entries of {count} frames")
        pos = 0
        columns = []
        for code in CODES:
            column = array(code)
            stop = pos + column.itemsize * count
            column.frombytes(data[pos:stop])
            columns.append(_little(column))
            pos = stop
        return cls(*columns)

    def directions(self) -> bytes:
        """The direction of each frame."""
        keys = _little(self.keys).tobytes()
        return keys[:: self.keys.itemsize].translate(_DIRECTIONS)

    def ends(self, index: int) -> bool:
        """Whether a frame ends a message."""
        return bool(self.numbers[index]) and self.firsts[index] >= 0x80


CODES = ("I", "d", "I", "I", "B", "B", "I")
"""The type of each column, as `array` names it."""

_DIRECTIONS = bytes(byte & 1 for byte in range(256))

ENTRY_SIZE = sum(array(code).itemsize for code in CODES)
"""Bytes of a frame's entry."""


def _little(column: array[Any]) -> array[Any]:
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    return column


class Note(NamedTuple):
    """What the stored bytes of a frame do not tell."""

    received: int | None = None
    """Payload bytes that came, where the stored ones are fewer or the frame was cut off;
    -1 if the stream ended inside the header."""
    violations: tuple[Violation, ...] = ()
    origin: str | None = None
    """Who made the frame, if its sender did not."""
    content_length: int | None = None
    """True length of the content, in bytes, where it was not kept whole."""

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {}
        if self.received is not None:
            value["received"] = self.received
        if self.violations:
            value["violations"] = [
                [v.rule, v.section, v.text, v.side.value] for v in self.violations
            ]
        if self.origin is not None:
            value["origin"] = self.origin
        if self.content_length is not None:
            value["content_length"] = self.content_length
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Note:
        violations = tuple(
            Violation(rule, section, text, Side(side))
            for rule, section, text, side in value.get("violations", ())
        )
        return cls(
            value.get("received"), violations, value.get("origin"), value.get("content_length")
        )


def dump_notes(notes: dict[int, Note]) -> str | None:
    """Notes by the index of their frame as JSON text; None where there are none.

    Equal notes are written once, with all their indexes: a flood of broken frames stays small.
    """
    if not notes:
        return None
    # Violations of one kind are mostly one object; comparing them all by value would take long.
    same: dict[tuple[Any, ...], list[int]] = {}
    for index, note in notes.items():
        key = (id(note.violations), note.received, note.origin, note.content_length)
        same.setdefault(key, []).append(index)
    grouped = [[notes[indexes[0]].as_json(), indexes] for indexes in same.values()]
    return json.dumps(grouped, separators=(",", ":"))


def parse_notes(text: str | None) -> dict[int, Note]:
    """What dump_notes gave; raises ValueError for anything else."""
    notes: dict[int, Note] = {}
    for value, indexes in json.loads(text) if text else ():
        note = Note.from_json(value)
        notes.update(dict.fromkeys(indexes, note))
    return notes


class Block:
    """Consecutive frames of any number of connections, in the order they passed.

    `pieces` are their bytes in stored form, cut anywhere; `content_pieces` likewise the contents
    that `Columns.contents` counts.
    """

    __slots__ = ("_contents", "_wire", "columns", "content_pieces", "count", "notes", "pieces")

    def __init__(
        self,
        columns: Columns,
        pieces: Sequence[bytes],
        content_pieces: Sequence[bytes] = (),
        notes: dict[int, Note] | None = None,
    ) -> None:
        self.count = len(columns.keys)
        self.columns = columns
        self.pieces = pieces
        self.content_pieces = content_pieces
        self.notes: dict[int, Note] = {} if notes is None else notes
        self._wire: bytes | None = None
        self._contents: bytes | None = None

    @property
    def stored(self) -> bytes:
        """All pieces as one; made at the first call."""
        if self._wire is None:
            self._wire = b"".join(self.pieces)
        return self._wire

    @property
    def contents(self) -> bytes:
        """All content pieces as one; made at the first call."""
        if self._contents is None:
            self._contents = b"".join(self.content_pieces)
        return self._contents

    def traffic(self) -> dict[int, list[int]]:
        """Frames and recorded bytes, headers included, by key."""
        traffic: dict[int, list[int]] = {}
        for key, size in zip(self.columns.keys, self.columns.sizes, strict=True):
            counted = traffic.get(key)
            if counted is None:
                traffic[key] = [1, size]
            else:
                counted[0] += 1
                counted[1] += size
        return traffic

    def frames(self, connection_id: int | None = None) -> Iterator[tuple[int, FrameRecord]]:
        """Each frame with its index in the block; with `connection_id` those of one connection."""
        columns = self.columns
        stored = self.stored
        pos = 0
        for index, (key, size) in enumerate(zip(columns.keys, columns.sizes, strict=True)):
            if connection_id is None or key >> 1 == connection_id:
                data = stored[pos : pos + size]
                yield index, frame_record(columns, index, data, self.notes.get(index))
            pos += size

    def pick(self, indexes: Iterable[int]) -> Iterator[tuple[int, FrameRecord]]:
        """Some frames, by their indexes in the block."""
        columns, stored = self.columns, self.stored
        ends = list(accumulate(columns.sizes))
        for index in indexes:
            data = stored[ends[index] - columns.sizes[index] : ends[index]]
            yield index, frame_record(columns, index, data, self.notes.get(index))


def frame_record(columns: Columns, index: int, data: bytes, note: Note | None) -> FrameRecord:
    """One frame from its entry, its bytes in stored form (the first ones suffice) and its note."""
    key = columns.keys[index]
    return FrameRecord(
        key >> 1,
        Direction(key & 1),
        columns.times[index],
        _frame(data, note.received if note else None),
        columns.numbers[index] or None,
        note.violations if note else (),
        note.origin if note else None,
    )


def _frame(data: bytes, received: int | None) -> Frame:
    opcode = data[0] & OPCODE
    head = parse_header(data) if received != -1 else None
    if head is None:
        return Frame(opcode, data, b"", 0, -1)
    length, size = head
    return Frame(opcode, data[:size], data[size:], length, length if received is None else received)


def whole_message(
    record: FrameRecord, content: bytes | None, note: Note | None
) -> MessageRecord | None:
    """The record of a message in one frame with a content of its own: a compressed one.

    None for a frame without (`content` is None): then the frame says it all.
    """
    frame = record.frame
    if content is None or record.message is None:
        return None
    length = note.content_length if note is not None else None
    return MessageRecord(
        record.connection_id,
        record.direction,
        record.message,
        record.time,
        frame.opcode,
        content,
        len(content) if length is None else length,
        frame.payload_length,
        compressed=bool(frame.header[0] & RSV1),
    )
