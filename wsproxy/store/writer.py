"""Writing a capture: bytes into wire files, rows into the index. One thread calls all of this."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wsproxy.errors import CaptureError
from wsproxy.model.batches import Batch
from wsproxy.store.database import open_for_writing
from wsproxy.store.folder import INDEX, make_folder, secure_existing, why, wire_name, wire_numbers
from wsproxy.store.http import INSERT_HTTP, http_rows
from wsproxy.store.layout import encode
from wsproxy.store.lock import Lock
from wsproxy.store.notes import NoteWriter
from wsproxy.store.recovery import recover
from wsproxy.store.rows import INSERT_BLOCK, Row, extras_of, fault_rows, message_rows, traffic_rows
from wsproxy.store.syncing import Syncer
from wsproxy.store.wirefile import WireFile

WIRE_FILE_BYTES = 64 * 1024 * 1024
"""How large a wire file grows, unless the capture's limit wants smaller ones."""

FILES_IN_LIMIT = 8
"""Wire files that fit into the limit of a capture: trimming takes away one at a time."""

_INSERT_CONNECTION = f"INSERT OR REPLACE INTO connection VALUES ({', '.join('?' * 19)})"
_INSERT_TRAFFIC = f"INSERT OR REPLACE INTO connection_block VALUES ({', '.join('?' * 6)})"
_INSERT_MESSAGE = f"INSERT INTO message VALUES (NULL, {', '.join('?' * 16)})"
_INSERT_FAULT = f"INSERT INTO fault VALUES (NULL, {', '.join('?' * 11)})"
COUNT_LEFT_OUT = """
    INSERT INTO left_out VALUES (?, ?, ?)
    ON CONFLICT (why) DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes
"""


_log = logging.getLogger(__name__)


class CaptureWriter:
    """The one writer of a capture."""

    def __init__(self, folder: Path, limit: int, synced: Callable[[int], None]) -> None:
        """Open or make the capture; raises CaptureError.

        `limit` bounds all its files together, in bytes. `synced` hears, on another thread, of
        bytes that have reached the disk.
        """
        make_folder(folder)
        self._folder = folder
        self._limit = limit
        self._file_bytes = max(min(WIRE_FILE_BYTES, limit // FILES_IN_LIMIT), 64 * 1024)
        self._lock = Lock(folder)
        try:
            secure_existing(folder)
            self._db = open_for_writing(folder)
            try:
                recover(self._db, folder)
                self._notes = NoteWriter(self._db)
                numbers = wire_numbers(folder)
                self._file = WireFile(folder, numbers[-1] if numbers else 1)
                self.next_connection_id = self._one(
                    "SELECT coalesce(max(id), 0) + 1 FROM connection"
                )
                self.next_http_id = self._one("SELECT coalesce(max(id), 0) + 1 FROM http")
                self.next_frame_id = self._one(
                    "SELECT coalesce(max(first_id + count), 1) FROM block"
                )
            except (OSError, sqlite3.Error, TypeError, ValueError) as error:
                self._db.close()
                reason = why(error) if isinstance(error, OSError) else str(error)
                raise CaptureError(f"cannot write the capture {folder}: {reason}") from None
        except BaseException:
            self._lock.release()
            raise
        self._index = folder / INDEX
        found = self._index.stat()
        self._index_identity = (found.st_dev, found.st_ino)
        self._sizes = {n: (folder / wire_name(n)).stat().st_size for n in numbers}
        self._row_bytes = 0
        """Of rows of connections, messages, faults and requests, since the wire file was begun."""
        self.lost_frames = 0
        """Frames that could not be written so far."""
        self._lost_frames = 0
        """Those of them that no row counts yet."""
        self._lost_bytes = 0
        self._synced = synced
        self._sync_error: OSError | None = None
        self._syncer = Syncer(folder / f"{INDEX}-wal", synced, self._sync_failed)

    def write(
        self,
        connections: list[Row],
        batch: Batch | None,
        beside: Callable[[sqlite3.Connection], None] | None = None,
    ) -> int:
        """Write rows of connections and a batch; returns how many bytes went into wire files.

        `beside` writes what belongs to them into tables of its own, in the same transaction.

        Raises OSError or sqlite3.Error; then nothing of it was written.
        """
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error
        self._check_files()
        size = 0
        start = self._file.size
        try:
            with self._transaction():
                self._db.executemany(_INSERT_CONNECTION, connections)
                self._row_bytes += sum(map(_size_of, connections))
                if batch is not None:
                    size = self._write_batch(batch)
                if self._lost_frames:
                    self._count_lost()
                if beside is not None:
                    beside(self._db)
        except sqlite3.Error:
            if size:
                self._file.cut(start)
            raise
        self._lost_frames = self._lost_bytes = 0
        self._sizes[self._file.number] = self._file.size
        self._syncer.written(self._file, size)
        # Trimming takes a wire file and its rows: so rows count like bytes.
        if self._file.size and self._file.size + self._row_bytes >= self._file_bytes:
            self._next_file()
        self._trim()
        return size

    @property
    def place(self) -> tuple[int, int]:
        """The wire file that is written, and where the next block goes."""
        return self._file.number, self._file.size

    def lost(self, batch: Batch | None) -> None:
        """Count what could not be written; it is noted as soon as anything can be."""
        if batch is not None:
            self.lost_frames += batch.block.count
            self._lost_frames += batch.block.count
            self._lost_bytes += sum(size for _, size in batch.traffic.values())
            self._note_lost()

    def leave_out(self, why: str, size: int, frames: int) -> None:
        """Note that `size` bytes are not in the capture; raises sqlite3.Error."""
        with self._transaction():
            self._db.execute(COUNT_LEFT_OUT, (why, frames, size))

    def close(self) -> None:
        """Sync and close everything."""
        self._note_lost()
        self._syncer.close_file(self._file)
        self._syncer.close()
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        self._lock.release()

    def _write_batch(self, batch: Batch) -> int:
        extras = extras_of(batch)
        sizes, pieces = encode(batch.first_id, batch.block, extras)
        file, offset = self._file.number, self._file.size
        self._file.append(pieces)
        if batch.block.count:
            last_time = max(batch.block.columns.times)
            row = (batch.first_id, batch.block.count, last_time, file, offset, sizes.length)
            self._db.execute(INSERT_BLOCK, row)
            self._db.executemany(_INSERT_TRAFFIC, traffic_rows(batch.first_id, batch.traffic))
        at = offset + sizes.length - sizes.extras
        at = self._insert(_INSERT_MESSAGE, message_rows(batch.messages, file, at))
        at = self._insert(_INSERT_FAULT, fault_rows(batch.faults, file, at))
        self._insert(INSERT_HTTP, http_rows(batch.http, file, at))
        for note in batch.notes:
            self._notes.write(note)
        return sizes.length

    def _insert(self, statement: str, rows: Iterator[tuple[Row, int]]) -> int:
        """Insert rows; returns where the extras of the last one end."""
        found, ends = zip(*rows, strict=True)
        found = found[1:]  # the first one is only where they begin
        self._db.executemany(statement, found)
        self._row_bytes += sum(map(_size_of, found))
        return int(ends[-1])

    def _note_lost(self) -> None:
        # An index that was deleted takes the row too: whoever has it open sees it.
        if self._lost_frames:
            with contextlib.suppress(sqlite3.Error):
                with self._transaction():
                    self._count_lost()
                self._lost_frames = self._lost_bytes = 0

    def _count_lost(self) -> None:
        lost = ("write failed", self._lost_frames, self._lost_bytes)
        self._db.execute(COUNT_LEFT_OUT, lost)

    def _check_files(self) -> None:
        """See that the files are still what was opened: a deleted one takes all that is written.

        Raises OSError.
        """
        if wrong := self._changed(self._index, self._index_identity):
            raise OSError(0, wrong)
        if wrong := self._changed(self._file.path, self._file.identity, self._file.size):
            # What it had is lost, or damaged, which readers find; what comes now is not.
            _log.error("the capture %s: %s; what it had may be lost", self._folder, wrong)
            self._next_file()

    def _changed(self, path: Path, identity: tuple[int, int], size: int | None = None) -> str:
        """What somebody else did to a file, in words; empty if nothing."""
        try:
            found = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return f"{path.name} was deleted"
        if (found.st_dev, found.st_ino) != identity:
            return f"{path.name} was replaced"
        if size not in (None, found.st_size):
            return f"{path.name} was written by somebody else"
        return ""

    def _next_file(self) -> None:
        self._syncer.close_file(self._file)
        self._file = WireFile(self._folder, self._file.number + 1)
        self._sizes[self._file.number] = 0
        self._row_bytes = 0

    def _trim(self) -> None:
        """Remove the oldest wire files where the capture has outgrown its limit."""
        while len(self._sizes) > 1:
            if sum(self._sizes.values()) + self._index_bytes() <= self._limit:
                return
            oldest = min(self._sizes)
            frames, newest = self._db.execute(
                "SELECT coalesce(sum(count), 0), max(last_time) FROM block WHERE file = ?",
                (oldest,),
            ).fetchone()
            with self._transaction():
                self._db.execute(
                    "DELETE FROM connection_block WHERE first_id IN"
                    " (SELECT first_id FROM block WHERE file = ?)",
                    (oldest,),
                )
                for table in ("block", "message", "fault", "http"):
                    self._db.execute(f"DELETE FROM {table} WHERE file = ?", (oldest,))
                if newest is not None:
                    self._db.execute("DELETE FROM connection WHERE closed < ?", (newest,))
                    self._db.execute(
                        "DELETE FROM note WHERE connection_id NOT IN (SELECT id FROM connection)"
                    )
                count = ("capture limit", frames, self._sizes[oldest])
                self._db.execute(COUNT_LEFT_OUT, count)
            with contextlib.suppress(FileNotFoundError):
                (self._folder / wire_name(oldest)).unlink()
            del self._sizes[oldest]
        if self._index_bytes() > self._limit:
            self._trim_connections()

    def _trim_connections(self) -> None:
        """Remove the older half of the connections that have ended and have no frame any more."""
        with self._transaction():
            self._db.execute(
                "DELETE FROM connection WHERE closed IS NOT NULL"
                " AND id <= (SELECT (min(id) + max(id)) / 2 FROM connection)"
                " AND id NOT IN (SELECT connection_id FROM connection_block)"
            )

    def _index_bytes(self) -> int:
        pages = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return pages * 4096

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _sync_failed(self, error: OSError) -> None:
        self._sync_error = error


def _size_of(row: Row) -> int:
    """Bytes that a row takes in the index, about."""
    return 64 + sum(len(value) for value in row if isinstance(value, str))
