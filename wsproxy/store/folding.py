"""A capture that is folded from those of many instances, with numbers of its own.

Beside the tables of every capture it has some that tell where a connection and a block come from,
and up to where each instance and the stream are in it; they are written in the same transaction
as what they tell of, so that nothing is in it twice or missing after a kill.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from wsproxy.errors import CaptureError
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Block, Columns, Note
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord, MessageRecord
from wsproxy.store.database import open_for_writing
from wsproxy.store.folder import make_folder
from wsproxy.store.rows import connection_from, connection_row
from wsproxy.store.writer import COUNT_LEFT_OUT, CaptureWriter

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fleet_stream (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created TEXT NOT NULL,
    sequence INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS fleet_source (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL,
    capture TEXT NOT NULL,
    file INTEGER NOT NULL DEFAULT 0,
    offset INTEGER NOT NULL DEFAULT 0,
    next_frame INTEGER,
    UNIQUE (instance, capture)
);
CREATE TABLE IF NOT EXISTS fleet_connection (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    number INTEGER NOT NULL,
    UNIQUE (source, number)
);
CREATE TABLE IF NOT EXISTS fleet_block (
    first_id INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    source INTEGER NOT NULL,
    source_first_id INTEGER NOT NULL
);
"""

KEPT_CONNECTIONS = 50_000
"""Numbers of connections that are kept in memory."""


class Part(Protocol):
    """What came from one capture of one instance (fleet.interfaces.Part)."""

    @property
    def instance(self) -> str: ...
    @property
    def capture(self) -> str: ...
    @property
    def connections(self) -> list[ConnectionRecord]: ...
    @property
    def batches(self) -> list[tuple[Batch, tuple[int, int]]]: ...
    @property
    def notes(self) -> list[NoteRecord]: ...


class Origin(NamedTuple):
    """Where something of the view comes from."""

    instance: str
    capture: str
    number: int
    """Of the connection or of the frame, in that capture."""


class _Source:
    """One capture of one instance, as far as it is in this one."""

    def __init__(self, number: int, until: tuple[int, int], next_frame: int | None) -> None:
        self.number = number
        self.until = until
        self.next_frame = next_frame


class FoldedCapture:
    """The one writer of a folded capture. Every call may block; they belong on one thread."""

    def __init__(self, path: Path, limit: int) -> None:
        """Open or make it; `limit` bounds its files, in bytes. Raises CaptureError."""
        make_folder(path)
        self.path = path
        try:
            # Before the writer opens it: its tables have to be there.
            db = open_for_writing(path)
            try:
                db.executescript(_SCHEMA)
            finally:
                db.close()
            self._writer = CaptureWriter(path, limit, lambda size: None)
            self._db = open_for_writing(path)
        except sqlite3.Error as error:
            raise CaptureError(f"cannot write the capture {path}: {error}") from None
        self._next_frame_id = self._writer.next_frame_id
        self._next_http_id = self._writer.next_http_id
        self._next_connection_id = max(
            self._writer.next_connection_id,
            self._one("SELECT coalesce(max(id), 0) + 1 FROM fleet_connection"),
        )
        self._sources = {
            (instance, capture): _Source(number, (file, offset), next_frame)
            for number, instance, capture, file, offset, next_frame in self._db.execute(
                "SELECT id, instance, capture, file, offset, next_frame FROM fleet_source"
            )
        }
        self._numbers: dict[tuple[int, int], int] = {}
        self._new: list[tuple[int, int, int]] = []

    def close(self) -> None:
        """Sync and close everything."""
        self._db.close()
        self._writer.close()

    def place(self) -> tuple[str, int]:
        """Up to where the stream is in it: when it was made, and the last sequence number."""
        row = self._db.execute("SELECT created, sequence FROM fleet_stream").fetchone()
        return (row[0], row[1]) if row else ("", 0)

    def still_open(self, limit: int) -> list[tuple[ConnectionRecord, Origin]]:
        """The newest connections that were open when they were heard of last."""
        rows = self._db.execute(
            "SELECT connection.*, fleet_source.instance, capture, number FROM connection"
            " JOIN fleet_connection USING (id) JOIN fleet_source ON fleet_source.id = source"
            " WHERE closed IS NULL ORDER BY connection.id DESC LIMIT ?",
            (limit,),
        )
        return [(connection_from(row[:-3]), Origin(*row[-3:])) for row in rows]

    def keep_note(self, note: NoteRecord) -> Batch:
        """Write down a note; returns it as a batch. Raises OSError, sqlite3.Error."""
        batch = Batch(self._next_frame_id, Block(Columns.unpack(0, b""), []), notes=[note])
        self._writer.write([], batch)
        return batch

    def fold(
        self, parts: Sequence[Part], place: tuple[str, int]
    ) -> tuple[list[tuple[ConnectionRecord, Origin]], list[Batch]]:
        """Add what it does not have yet; all of it or, with an exception, nothing.

        Returns the same with its own numbers, connections with their origins. Raises OSError, sqlite3.Error.
        """
        before = (self._next_frame_id, self._next_connection_id)
        try:
            return self._fold(parts, place)
        except BaseException:
            self._next_frame_id, self._next_connection_id = before
            self._numbers.clear()
            self._reload()
            raise
        finally:
            self._new.clear()

    def _fold(
        self, parts: Sequence[Part], place: tuple[str, int]
    ) -> tuple[list[tuple[ConnectionRecord, Origin]], list[Batch]]:
        connections: dict[int, tuple[ConnectionRecord, Origin]] = {}
        joined = _Joined(self._next_frame_id, self._next_http_id)
        changed: set[tuple[str, str]] = set()
        missing = 0
        blocks: list[tuple[int, int, int, int]] = []
        for part in parts:
            key = (part.instance, part.capture)
            source = self._source(key)
            for connection in part.connections:
                number = self._number(source.number, connection.id)
                mine = replace(connection, id=number, instance=part.instance)
                connections[number] = mine, Origin(*key, connection.id)
            for batch, until in part.batches:
                if until <= source.until:
                    continue
                changed.add(key)
                source.until = until
                if batch.block.count:
                    if source.next_frame is not None:
                        missing += max(batch.first_id - source.next_frame, 0)
                    source.next_frame = batch.last_id + 1
                    row = (joined.next_id, batch.block.count, source.number, batch.first_id)
                    blocks.append(row)
                joined.add(batch, lambda n, source=source: self._number(source.number, n))  # type: ignore[misc]
            joined.add_notes(part.notes, lambda n, source=source: self._number(source.number, n))  # type: ignore[misc]
        whole = None if joined.empty else joined.batch()

        def beside(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO fleet_stream VALUES (1, ?, ?)", place)
            if missing > 0:
                db.execute(COUNT_LEFT_OUT, ("not on the stream", missing, 0))
            db.executemany("INSERT INTO fleet_connection VALUES (?, ?, ?)", self._new)
            db.executemany("INSERT INTO fleet_block VALUES (?, ?, ?, ?)", blocks)
            for instance, capture in changed:
                source = self._sources[instance, capture]
                db.execute(
                    "UPDATE fleet_source SET file = ?, offset = ?, next_frame = ? WHERE id = ?",
                    (*source.until, source.next_frame, source.number),
                )
            # What was trimmed away needs no origin any more.
            db.execute(
                "DELETE FROM fleet_block WHERE first_id IN (SELECT first_id FROM fleet_block"
                " WHERE first_id + count <= (SELECT min(first_id) FROM block) LIMIT 100)"
            )

        rows = [connection_row(connection) for connection, _ in connections.values()]
        self._writer.write(rows, whole, beside)
        self._next_frame_id, self._next_http_id = joined.next_id, joined.next_http_id
        return list(connections.values()), [] if whole is None else [whole]

    def _source(self, key: tuple[str, str]) -> _Source:
        source = self._sources.get(key)
        if source is None:
            self._db.execute("INSERT INTO fleet_source (instance, capture) VALUES (?, ?)", key)
            number = self._one("SELECT max(id) FROM fleet_source")
            source = self._sources[key] = _Source(number, (0, 0), None)
        return source

    def _number(self, source: int, theirs: int) -> int:
        """This capture's number of a connection of theirs."""
        number = self._numbers.get((source, theirs))
        if number is None:
            row = self._db.execute(
                "SELECT id FROM fleet_connection WHERE source = ? AND number = ?", (source, theirs)
            ).fetchone()
            if row is not None:
                number = int(row[0])
            else:
                number = self._next_connection_id
                self._next_connection_id += 1
                self._new.append((number, source, theirs))
            if len(self._numbers) > KEPT_CONNECTIONS and not self._new:
                self._numbers.clear()
            self._numbers[source, theirs] = number
        return number

    def _reload(self) -> None:
        rows = self._db.execute(
            "SELECT instance, capture, file, offset, next_frame FROM fleet_source"
        )
        for instance, capture, file, offset, next_frame in rows:
            source = self._sources[instance, capture]
            source.until, source.next_frame = (file, offset), next_frame

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


class _Joined:
    """Batches put together into one."""

    def __init__(self, first_id: int, next_http_id: int) -> None:
        self.next_http_id = next_http_id
        self._http: list[HttpRecord] = []
        self._note_records: list[NoteRecord] = []
        self._first_id = first_id
        self.next_id = first_id
        self._columns = Columns.unpack(0, b"")
        self._pieces: list[bytes] = []
        self._contents: list[bytes] = []
        self._notes: dict[int, Note] = {}
        self._messages: list[MessageRecord] = []
        self._faults: list[FaultRecord] = []

    @property
    def empty(self) -> bool:
        return not (
            self._columns.keys or self._messages or self._faults or self._http or self._note_records
        )

    def add(self, batch: Batch, number: Callable[[int], int]) -> None:
        """Add one; `number` says which number a connection has here."""
        block = batch.block
        start = len(self._columns.keys)
        theirs = block.columns.keys
        keys = {key: number(key >> 1) << 1 | key & 1 for key in set(theirs)}
        ours: tuple[array[Any], ...] = self._columns[1:]
        others: tuple[array[Any], ...] = block.columns[1:]
        for mine, column in zip(ours, others, strict=True):
            mine.extend(column)
        self._columns.keys.extend(map(keys.__getitem__, theirs))
        self._pieces += block.pieces
        self._contents += block.content_pieces
        self._notes.update((start + index, note) for index, note in block.notes.items())
        self._messages += _renumbered(batch.messages, number)
        self._faults += (
            fault._replace(connection_id=number(fault.connection_id)) for fault in batch.faults
        )
        for record in batch.http:
            theirs_id = record.connection_id
            mine_id = number(theirs_id) if theirs_id is not None else None
            self._http.append(replace(record, id=self.next_http_id, connection_id=mine_id))
            self.next_http_id += 1
        self.next_id += block.count

    def add_notes(self, notes: Iterable[NoteRecord], number: Callable[[int], int]) -> None:
        """Add notes; `number` as for `add`."""
        self._note_records += (
            note._replace(connection_id=number(note.connection_id)) for note in notes
        )

    def batch(self) -> Batch:
        block = Block(self._columns, self._pieces, self._contents, self._notes)
        return Batch(
            self._first_id,
            block,
            self._messages,
            self._faults,
            self._http,
            self._note_records,
            traffic=block.traffic(),
        )


def _renumbered(
    messages: Iterable[MessageRecord], number: Callable[[int], int]
) -> list[MessageRecord]:
    return [replace(message, connection_id=number(message.connection_id)) for message in messages]
