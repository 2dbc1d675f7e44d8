"""Blocks: many frames in one value, as they are kept.

A row for every frame costs more than relaying it does (measured: 1.8 us in SQLite's best form,
beside 4.5 us for the relay itself). So frames are collected into blocks of what the wire carried,
with a fixed-size entry for each, and only what is out of the ordinary is spelled out beside.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

from wsproxy.errors import Side
from wsproxy.model.records import Direction, FrameRecord
from wsproxy.protocol.frames import OPCODE, Frame, header_size
from wsproxy.protocol.lint import Violation
from wsproxy.protocol.masking import apply_mask

Columns: TypeAlias = "tuple[array[int], array[float], array[int], array[int]]"
"""Keys, times, sizes and message numbers of a block's frames."""

_COLUMNS = ("I", "d", "I", "I")
"""connection_id * 2 + direction, time, size in `wire`, message number (0: none)."""

ENTRY_SIZE = sum(array(code).itemsize for code in _COLUMNS)


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive frames of any number of connections, in the order they passed.

    `wire` holds their bytes as they passed (less what was cut of a payload), `entries` the
    columns of _COLUMNS one after the other, little-endian. `notes` maps the index of a frame to
    what its wire bytes do not tell: how much was received, violations, origin.
    """

    count: int
    entries: bytes
    wire: bytes
    notes: dict[int, dict[str, Any]]

    def columns(self) -> Columns:
        """The four columns: keys, times, sizes, message numbers."""
        pos = 0
        columns = []
        for code in _COLUMNS:
            column = array(code)
            stop = pos + column.itemsize * self.count
            column.frombytes(self.entries[pos:stop])
            if sys.byteorder == "big":
                column.byteswap()
            columns.append(column)
            pos = stop
        return tuple(columns)  # type: ignore[return-value]

    def frames(self, connection_id: int | None = None) -> Iterator[tuple[int, FrameRecord]]:
        """Each frame with its index in the block; with `connection_id` those of one connection."""
        keys, times, sizes, messages = self.columns()
        pos = 0
        for index, (key, time, size, message) in enumerate(
            zip(keys, times, sizes, messages, strict=True)
        ):
            if connection_id is None or key >> 1 == connection_id:
                data = self.wire[pos : pos + size]
                yield index, _record(key, time, message, data, self.notes.get(index))
            pos += size

    def pick(self, indexes: Iterable[int]) -> Iterator[tuple[int, FrameRecord]]:
        """Some frames, by their indexes in the block."""
        columns = self.columns()
        ends = list(accumulate(columns[2]))
        for index in indexes:
            data = self.wire[ends[index] - columns[2][index] : ends[index]]
            yield index, frame_record(columns, index, data, self.notes.get(index))

    def notes_json(self) -> str | None:
        """`notes` as text; None where there are none."""
        return json.dumps(self.notes) if self.notes else None


def parse_notes(text: str | None) -> dict[int, dict[str, Any]]:
    """What notes_json gave."""
    return {int(index): note for index, note in json.loads(text).items()} if text else {}


class BlockBuilder:
    """Collects frames until `build` makes a block of them.

    A frame whose wire bytes tell everything may be appended to the four lists directly.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.keys: list[int] = []
        self.times: list[float] = []
        self.messages: list[int] = []
        self.pieces: list[bytes] = []
        self._notes: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, record: FrameRecord) -> None:
        """Add any frame."""
        frame = record.frame
        note: dict[str, Any] = {}
        if frame.received != len(frame.payload) or not frame.complete:
            note["received"] = frame.received
        if record.violations:
            note["violations"] = [
                [v.rule, v.section, v.text, v.side.value] for v in record.violations
            ]
        if record.origin is not None:
            note["origin"] = record.origin
        if note:
            self._notes[len(self.keys)] = note
        key = frame.masking_key
        self.keys.append(record.connection_id << 1 | record.direction)
        self.times.append(record.time)
        self.messages.append(record.message or 0)
        self.pieces.append(
            frame.header + (apply_mask(frame.payload, key) if key else frame.payload)
        )

    def build(self) -> Block:
        """The block of what was added, and a fresh start."""
        columns = (
            array("I", self.keys),
            array("d", self.times),
            array("I", map(len, self.pieces)),
            array("I", self.messages),
        )
        if sys.byteorder == "big":
            for column in columns:
                column.byteswap()
        entries = b"".join(column.tobytes() for column in columns)
        block = Block(len(self.keys), entries, b"".join(self.pieces), self._notes)
        self._clear()
        return block


def frame_record(
    columns: Columns, index: int, data: bytes, note: dict[str, Any] | None
) -> FrameRecord:
    """One frame from its entry, its bytes (the first ones suffice) and its note."""
    keys, times, _, messages = columns
    return _record(keys[index], times[index], messages[index], data, note)


def _record(
    key: int, time: float, message: int, data: bytes, note: dict[str, Any] | None
) -> FrameRecord:
    return FrameRecord(
        key >> 1,
        Direction(key & 1),
        time,
        _frame(data, note.get("received") if note else None),
        message or None,
        _violations(note) if note else (),
        note.get("origin") if note else None,
    )


def _frame(data: bytes, received: int | None) -> Frame:
    opcode = data[0] & OPCODE
    if received == -1:
        return Frame(opcode, data, b"", 0, -1)
    second = data[1]
    size = header_size(second)
    header = data[:size]
    payload = data[size:]
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(data[2:4], "big")
    elif length == 127:
        length = int.from_bytes(data[2:10], "big")
    if second & 0x80:
        payload = apply_mask(payload, header[-4:])
    return Frame(opcode, header, payload, length, length if received is None else received)


def _violations(note: dict[str, Any]) -> tuple[Violation, ...]:
    return tuple(
        Violation(rule, section, text, Side(side))
        for rule, section, text, side in note.get("violations", ())
    )
