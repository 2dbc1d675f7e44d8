"""Reading a capture in the order it was written, from any place on: what is sent elsewhere.

The wire files are a log. A *place* in it is a wire file's number and an offset where a block
begins; what the index has not committed yet lies behind the end.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Block
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord, MessageRecord
from wsproxy.store.folder import open_file, wire_name, wire_numbers
from wsproxy.store.http import HttpReader
from wsproxy.store.layout import HEADER_SIZE, Sizes, TornError, decode_head, decode_sizes
from wsproxy.store.reader import Capture
from wsproxy.store.rows import Row, connection_from, fault_from, message_from

Place = tuple[int, int]

Placed = tuple[Batch, Place]
"""A batch, and where the next one begins."""

_KEPT = "fleet.json"

_IDS_A_QUERY = 500
"""SQLite takes 32,766 parameters at most; old versions 999."""


class Forwarding:
    """A reader of one capture for one thread."""

    def __init__(self, path: Path) -> None:
        """Raises CaptureError if there is no capture at `path`."""
        self._capture = Capture(path)
        self._path = path
        self._db = self._capture.db
        self._read = self._capture.wire.read
        self._http = HttpReader(self._db, self._capture.wire, self._capture.readable)
        self._note = 0
        """The newest row of `note` that was read."""
        self._cursors: dict[str, int] = {}
        """The newest row of `message` and `fault` that was read."""
        self._at: Place | None = None

    def close(self) -> None:
        """Close the files."""
        self._capture.close()

    def kept(self) -> dict[str, Any]:
        """What `keep` was given last, by this process or one before it."""
        try:
            value = json.loads((self._path / _KEPT).read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def keep(self, value: dict[str, Any]) -> None:
        """Keep a few values in the capture's folder; raises OSError.

        In a file of its own: the index has one writer.
        """
        new = self._path / f"{_KEPT}.new"
        descriptor = open_file(new, os.O_WRONLY | os.O_TRUNC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(value).encode())
        new.replace(self._path / _KEPT)

    def next_connection(self) -> int:
        """A number above those of all connections."""
        with self._capture.readable():
            (number,) = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM connection")
            return int(number[0])

    def backlog(self, place: Place) -> tuple[int, float]:
        """Bytes of blocks from `place` on, and the time of the first one's last frame."""
        with self._capture.readable():
            row = self._db.execute(
                "SELECT coalesce(sum(length), 0), coalesce(min(last_time), 0) FROM block"
                " WHERE file > ? OR (file = ? AND offset >= ?)",
                (place[0], *place),
            ).fetchone()
            return int(row[0]), float(row[1])

    def start(self) -> Place:
        """Where the oldest block is that the capture still has."""
        numbers = wire_numbers(self._path)
        return (numbers[0] if numbers else 1), 0

    def batches(self, place: Place, end: Place, size: int) -> tuple[list[Placed], Place]:
        """What was written from `place` on and before `end`, about `size` bytes of it, and where it goes on.

        Nobody counted the batches' traffic.

        Damaged blocks, and those trimmed meanwhile, are passed over. Raises CaptureError.
        """
        with self._capture.readable():
            # One snapshot: a block's rows are all there, or it is not there yet.
            self._db.execute("BEGIN")
            try:
                return self._batches(place, end, size)
            finally:
                self._db.execute("ROLLBACK")

    def connections(self, ids: Sequence[int]) -> list[ConnectionRecord]:
        """These connections, as they are now."""
        found: list[ConnectionRecord] = []
        with self._capture.readable():
            for start in range(0, len(ids), _IDS_A_QUERY):
                part = ids[start : start + _IDS_A_QUERY]
                marks = ", ".join("?" * len(part))
                rows = self._db.execute(f"SELECT * FROM connection WHERE id IN ({marks})", part)
                found += map(connection_from, rows)
        return found

    def connection_ids(self, first: int) -> list[int]:
        """The ids of all connections from `first` on."""
        with self._capture.readable():
            rows = self._db.execute("SELECT id FROM connection WHERE id >= ? ORDER BY id", (first,))
            return [number for (number,) in rows]

    def notes(self) -> list[NoteRecord]:
        """Notes that were written since the last call; at the first, all."""
        with self._capture.readable():
            rows = self._db.execute("SELECT * FROM note WHERE id > ? ORDER BY id", (self._note,))
            found = []
            for row_id, connection_id, direction, message, text, marked in rows:
                self._note = row_id
                way = None if direction is None else Direction(direction)
                found.append(NoteRecord(connection_id, way, message, text, bool(marked)))
            return found

    def _batches(self, place: Place, end: Place, size: int) -> tuple[list[Placed], Place]:
        if place != self._at:
            self._find_rows(place)
        found: list[Placed] = []
        while place < end and size > 0:
            file, offset = place
            try:
                _, sizes, _ = decode_sizes(self._read(file, offset, HEADER_SIZE))
                batch = self._batch(file, offset, sizes)
            except TornError:
                place = self._next_known(place, end)
                continue
            size -= sizes.length
            place = (file, offset + sizes.length)
            found.append((batch, place))
        self._at = place
        return found, place

    def _batch(self, file: int, offset: int, sizes: Sizes) -> Batch:
        head = decode_head(self._read(file, offset, sizes.head))
        at = offset + sizes.head
        stored = self._read(file, at, sizes.stored)
        contents = self._read(file, at + sizes.stored, sizes.contents)
        block = Block(head.columns, [stored], [contents] if contents else [], head.notes)
        upto = (file, offset + sizes.length)
        messages: list[MessageRecord] = []
        for row in self._rows("message", 13, upto):
            with contextlib.suppress(TornError):  # of a damaged block before this one
                messages.append(message_from(row, self._read))
        faults: list[FaultRecord] = []
        for row in self._rows("fault", 8, upto):
            with contextlib.suppress(TornError):
                faults.append(fault_from(row, self._read))
        rest = sizes.extras - _extras_size(messages, faults)
        http = list(self._http.between(file, upto[1] - rest, upto[1])) if rest > 0 else []
        return Batch(head.first_id, block, messages, faults, http, weight=sizes.length)

    def _rows(self, table: str, file_at: int, upto: Place) -> Iterator[Row]:
        """The rows whose extras lie before `upto` and that were not read yet."""
        rows = self._db.execute(
            f"SELECT * FROM {table} WHERE id > ? ORDER BY id", (self._cursors[table],)
        )
        for row in rows:
            if (row[file_at], row[file_at + 1]) > upto:
                break
            self._cursors[table] = row[0]
            yield row
        rows.close()

    def _find_rows(self, place: Place) -> None:
        """Set the cursors so that the next rows are those of the block at `place`."""
        for table in ("message", "fault"):
            # Extras without a byte lie at a block's end, others further inside.
            (newest,) = self._db.execute(
                f"SELECT coalesce(max(id), 0) FROM {table}"
                " WHERE file < ? OR (file = ? AND offset <= ?)",
                (place[0], *place),
            ).fetchone()
            self._cursors[table] = newest

    def _next_known(self, place: Place, end: Place) -> Place:
        """Where the next block begins: in the next file, or where the index knows one."""
        file, offset = place
        path = self._path / wire_name(file)
        if not path.exists() or path.stat().st_size <= offset:
            return min(((n, 0) for n in wire_numbers(self._path) if n > file), default=end)
        row = self._db.execute(
            "SELECT file, offset FROM block WHERE file > ? OR (file = ? AND offset > ?)"
            " ORDER BY first_id LIMIT 1",
            (place[0], *place),
        ).fetchone()
        return (row[0], row[1]) if row else end


def _extras_size(messages: list[MessageRecord], faults: list[FaultRecord]) -> int:
    """Bytes of what rows of messages and faults point to; what is left are requests of HTTP."""
    return sum(len(one.content) + len(one.sent or b"") for one in messages) + sum(
        len(one.before) + len(one.after) for one in faults
    )
