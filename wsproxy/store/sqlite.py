"""Writing the capture: the event loop hands batches over, one thread writes them."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from wsproxy.errors import CaptureError
from wsproxy.link import Record
from wsproxy.ports import Clock
from wsproxy.records import ConnectionRecord, FrameRecord
from wsproxy.store.rows import Row, connection_row, frame_row, message_row
from wsproxy.store.schema import APPLICATION_ID, SCHEMA, VERSION


FLUSH_SECONDS = 0.1
"""How long a record may wait before it is written; what is written survives a kill."""

HIGH_WATER = 64 * 1024 * 1024
"""Bytes of traffic that may wait for the disk before the connections are read no further."""

_RECORD_COST = 200  # bytes a record is reckoned at besides its payload

_log = logging.getLogger(__name__)

_INSERT_CONNECTION = f"INSERT OR REPLACE INTO connection VALUES ({', '.join('?' * 16)})"
_INSERT_FRAME = f"INSERT INTO frame VALUES (NULL, {', '.join('?' * 11)})"
_INSERT_MESSAGE = f"INSERT OR REPLACE INTO message VALUES ({', '.join('?' * 14)})"
_COUNT_LEFT_OUT = """
    INSERT INTO left_out VALUES (?, ?, ?)
    ON CONFLICT (why) DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes
"""


class _Batch:
    """What the loop has collected for the writer."""

    __slots__ = ("connections", "records", "size")

    def __init__(self) -> None:
        self.connections: dict[int, Row] = {}
        self.records: list[Record] = []
        self.size = 0


class SqliteRecorder:
    """A Recorder that keeps everything in an SQLite file.

    Its methods are called on the event loop; a thread of its own writes.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        call_soon: Callable[[Callable[[], None]], object],
        *,
        limit: int,
        secrets: bool = False,
        private: bool = False,
    ) -> None:
        """Open `path`, or make it; a capture that is there already is continued.

        `call_soon` runs a function on the loop, from the writer's thread. `limit` bounds the
        size in bytes. `private` is for a file that nobody keeps: it need not outlive a power cut.
        Raises CaptureError for a file that is no capture or cannot be written.
        """
        self.path = path
        self._clock = clock
        self._call_soon = call_soon
        self._secrets = secrets
        self._limit = limit
        self._db = open_for_writing(path, private=private)
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM connection").fetchone()
        self._next_id = last + 1
        self._batch = _Batch()
        self._flush_planned = False
        self._waiting = 0
        self._paused = False
        self._listeners: set[Callable[[bool], None]] = set()
        self._queue: SimpleQueue[_Batch | None] = SimpleQueue()
        self._failing = False
        self._thread = threading.Thread(target=self._write_all, name="capture", daemon=True)
        self._thread.start()

    def next_connection_id(self) -> int:
        """A number no connection of this capture has."""
        self._next_id += 1
        return self._next_id - 1

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Keep the connection as it is now."""
        self._batch.connections[connection.id] = connection_row(connection, secrets=self._secrets)
        self._plan_flush()

    def record(self, records: Sequence[Record], size: int) -> None:
        """Keep frames and messages."""
        batch = self._batch
        batch.records += records
        batch.size += size
        if not self._flush_planned:
            self._plan_flush()
        if batch.size > HIGH_WATER // 8:
            self._flush()

    def on_pressure(self, paused: Callable[[bool], None]) -> None:
        """Call `paused` when the disk falls behind, and again when it has caught up."""
        self._listeners.add(paused)
        if self._paused:
            paused(True)

    def forget(self, paused: Callable[[bool], None]) -> None:
        """Undo on_pressure."""
        self._listeners.discard(paused)

    def close(self) -> None:
        """Write what is left and close the file; blocks until that is done."""
        self._flush()
        self._queue.put(None)
        self._thread.join()
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    def _plan_flush(self) -> None:
        self._flush_planned = True
        self._clock.call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        batch, self._batch = self._batch, _Batch()
        if not batch.records and not batch.connections:
            return
        batch.size += _RECORD_COST * len(batch.records)
        self._waiting += batch.size
        self._queue.put(batch)
        self._check_pressure()

    def _written(self, size: int) -> None:
        self._waiting -= size
        self._check_pressure()

    def _check_pressure(self) -> None:
        paused = self._waiting > (HIGH_WATER // 2 if self._paused else HIGH_WATER)
        if paused != self._paused:
            self._paused = paused
            for listener in list(self._listeners):
                listener(paused)

    # From here on: the writer's thread.

    def _write_all(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                self._write(batch)
                self._trim()
                if self._failing:
                    self._failing = False
                    _log.warning("the capture %s can be written again", self.path)
            except sqlite3.Error as error:
                self._lose(batch, error)
            size = batch.size
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                self._call_soon(lambda size=size: self._written(size))  # type: ignore[misc]

    def _write(self, batch: _Batch) -> None:
        frames: list[Row] = []
        messages: list[Row] = []
        for record in batch.records:
            if isinstance(record, FrameRecord):
                frames.append(frame_row(record))
            else:
                messages.append(message_row(record))
        with self._db:
            self._db.executemany(_INSERT_CONNECTION, batch.connections.values())
            self._db.executemany(_INSERT_FRAME, frames)
            if messages:
                self._db.executemany(_INSERT_MESSAGE, messages)

    def _lose(self, batch: _Batch, error: sqlite3.Error) -> None:
        lost = sum(isinstance(record, FrameRecord) for record in batch.records)
        if not self._failing:
            self._failing = True
            _log.error(
                "cannot write the capture %s: %s; traffic goes on, unrecorded", self.path, error
            )
        with contextlib.suppress(sqlite3.Error), self._db:
            self._db.execute(_COUNT_LEFT_OUT, ("write failed", lost, batch.size))

    def _trim(self) -> None:
        """Drop the oldest frames where the capture has outgrown its limit."""
        page_size, pages, free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
        used = (pages - free) * page_size
        if used <= self._limit:
            return
        first, last = self._db.execute("SELECT min(id), max(id) FROM frame").fetchone()
        if first is None:
            return
        # A tenth at once, so that this happens seldom.
        end = first + max((last - first + 1) * (used - self._limit * 9 // 10) // used, 1)
        with self._db:
            count, size, newest = self._db.execute(
                "SELECT count(*), total(length(payload)), max(time) FROM frame WHERE id < ?", (end,)
            ).fetchone()
            self._db.execute("DELETE FROM frame WHERE id < ?", (end,))
            self._db.execute("DELETE FROM message WHERE time <= ?", (newest,))
            self._db.execute("DELETE FROM connection WHERE closed < ?", (newest,))
            self._db.execute(_COUNT_LEFT_OUT, ("capture limit", count, int(size)))


def open_for_writing(path: Path, *, private: bool = False) -> sqlite3.Connection:
    """Open a capture, or make one that only its owner can read.

    Raises CaptureError.
    """
    try:
        # Made by hand first: SQLite gives a new file, and the -wal beside it, this one's mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, check_same_thread=False)
        try:
            if path.stat().st_size == 0:
                db.execute("PRAGMA page_size = 8192")
                db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            check_is_capture(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(f"PRAGMA synchronous = {'OFF' if private else 'NORMAL'}")
            db.execute("PRAGMA cache_size = -8192")
        except BaseException:
            db.close()
            raise
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CaptureError(f"cannot write the capture {path}: {(reason or '').lower()}") from None
    return db


def check_is_capture(db: sqlite3.Connection, path: Path) -> None:
    """Raises CaptureError if the open file is no capture of this version."""
    try:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        application = version = None
    if application != APPLICATION_ID:
        raise CaptureError(f"{path} is not a capture of wsproxy")
    if version != VERSION:
        raise CaptureError(f"{path} is a capture of another version of wsproxy ({version})")
