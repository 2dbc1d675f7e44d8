"""Writing the capture: the event loop hands batches over, one thread writes them."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from wsproxy.errors import CaptureError
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import ENTRY_SIZE
from wsproxy.model.records import ConnectionRecord
from wsproxy.relay.interfaces import Clock
from wsproxy.store.rows import Row, block_row, connection_row, fault_row, message_row
from wsproxy.store.schema import APPLICATION_ID, SCHEMA, VERSION

FLUSH_SECONDS = 0.05
"""How long it may wait to be written; what is written survives a kill."""

HIGH_WATER = 64 * 1024 * 1024
"""Bytes of traffic that may wait for the disk before the connections are read no further."""

_log = logging.getLogger(__name__)

_INSERT_CONNECTION = f"INSERT OR REPLACE INTO connection VALUES ({', '.join('?' * 16)})"
_INSERT_BLOCK = "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_CONNECTION_BLOCK = "INSERT INTO connection_block VALUES (?, ?)"
_INSERT_MESSAGE = f"INSERT INTO message VALUES (NULL, {', '.join('?' * 14)})"
_INSERT_FAULT = f"INSERT INTO fault VALUES (NULL, {', '.join('?' * 9)})"
_HAS_BLOCK = "SELECT 1 FROM block WHERE first_id = ?"
_COUNT_LEFT_OUT = """
    INSERT INTO left_out VALUES (?, ?, ?)
    ON CONFLICT (why) DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes
"""


class _Job(NamedTuple):
    """What the loop hands to the writer."""

    connections: list[Row]
    batch: Batch | None


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
    ) -> None:
        """Open `path`, or make it; a capture that is there already is continued.

        `call_soon` runs a function on the loop, from the writer's thread. `limit` bounds the
        size in bytes.
        Raises CaptureError for a file that is no capture or cannot be written.
        """
        self.path = path
        self._clock = clock
        self._call_soon = call_soon
        self._secrets = secrets
        self._limit = limit
        self._db = open_for_writing(path)
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM connection").fetchone()
        self._next_connection_id = last + 1
        (last,) = self._db.execute(
            "SELECT coalesce(max(first_id + count), 1) FROM block"
        ).fetchone()
        self._next_frame_id: int = last
        self._connections: dict[int, Row] = {}
        self._waiting = 0
        self._paused = False
        self._listeners: set[Callable[[bool], None]] = set()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._failing = False
        self._lost_frames = 0
        self._lost_bytes = 0
        self._thread = threading.Thread(target=self._write_all, name="capture", daemon=True)
        self._thread.start()

    @property
    def next_frame_id(self) -> int:
        """The id of the first frame that `write` will be given."""
        return self._next_frame_id

    def next_connection_id(self) -> int:
        """A number no connection of this capture has."""
        self._next_connection_id += 1
        return int(self._next_connection_id) - 1

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Keep the connection as it is now."""
        row = connection_row(connection, secrets=self._secrets)
        self._connections[connection.id] = row
        if len(self._connections) == 1:
            self._clock.call_later(FLUSH_SECONDS, self._flush_connections)

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
        self._flush_connections()
        self._queue.put(None)
        self._thread.join()
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    def write(self, batch: Batch) -> None:
        """Keep what passed."""
        self._next_frame_id = batch.last_id + 1
        self._put(batch)

    def _flush_connections(self) -> None:
        if self._connections:
            self._put(None)

    def _put(self, batch: Batch | None) -> None:
        job = _Job(list(self._connections.values()), batch)
        self._connections.clear()
        self._waiting += batch.weight if batch is not None else 0
        self._queue.put(job)
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
        while (job := self._queue.get()) is not None:
            try:
                self._write(job)
                self._count_lost()
                self._trim()
                if self._failing:
                    self._failing = False
                    _log.warning("the capture %s can be written again", self.path)
            except sqlite3.Error as error:
                self._lose(job, error)
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                self._call_soon(partial(self._written, job.batch.weight if job.batch else 0))

    def _write(self, job: _Job) -> None:
        with self._db:
            self._db.executemany(_INSERT_CONNECTION, job.connections)
            batch = job.batch
            if batch is None:
                return
            block = batch.block
            if block.count:
                self._db.execute(_INSERT_BLOCK, block_row(batch.first_id, block))
                connections = {key >> 1 for key in batch.traffic}
                self._db.executemany(
                    _INSERT_CONNECTION_BLOCK, [(number, batch.first_id) for number in connections]
                )
            with_content = (i for i, size in enumerate(block.columns.contents) if size)
            messages = {m.key: m for s in batch.seen(with_content) if (m := s.message) is not None}
            messages |= {message.key: message for message in batch.messages}
            self._db.executemany(_INSERT_MESSAGE, map(message_row, messages.values()))
            self._db.executemany(_INSERT_FAULT, map(fault_row, batch.faults))

    def _lose(self, job: _Job, error: sqlite3.Error) -> None:
        if not self._failing:
            self._failing = True
            _log.error(
                "cannot write the capture %s: %s; traffic goes on, unrecorded", self.path, error
            )
        batch = job.batch
        if batch is None:
            return
        with contextlib.suppress(sqlite3.Error):
            # What fails after the commit (a checkpoint, a trim) loses nothing.
            if self._db.execute(_HAS_BLOCK, (batch.first_id,)).fetchone():
                return
        self._lost_frames += batch.block.count
        self._lost_bytes += sum(batch.block.columns.sizes)

    def _count_lost(self) -> None:
        """Write down what was lost, as soon as anything can be written again."""
        if self._lost_frames:
            lost = ("write failed", self._lost_frames, self._lost_bytes)
            with self._db:
                self._db.execute(_COUNT_LEFT_OUT, lost)
            self._lost_frames = self._lost_bytes = 0

    def _trim(self) -> None:
        """Drop the oldest blocks where the capture has outgrown its limit."""
        page_size, pages, free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
        excess = (pages - free) * page_size - self._limit
        if excess <= 0:
            return
        excess += self._limit // 10  # a tenth more, so that this happens seldom
        frames = size = 0
        end = newest = None
        blocks = self._db.execute(
            "SELECT first_id, count, last_time, length(wire) FROM block ORDER BY first_id"
        )
        for first_id, count, last_time, wire in blocks:
            if size >= excess:
                break
            end, newest = first_id, last_time
            frames += count
            size += wire + count * ENTRY_SIZE
        if end is None:
            return
        with self._db:
            self._db.execute("DELETE FROM block WHERE first_id <= ?", (end,))
            self._db.execute("DELETE FROM connection_block WHERE first_id <= ?", (end,))
            self._db.execute("DELETE FROM message WHERE time <= ?", (newest,))
            self._db.execute("DELETE FROM fault WHERE time <= ?", (newest,))
            self._db.execute("DELETE FROM connection WHERE closed < ?", (newest,))
            self._db.execute(_COUNT_LEFT_OUT, ("capture limit", frames, size))


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a capture, or make one that only its owner can read.

    Raises CaptureError.
    """
    try:
        # Made by hand first: SQLite gives a new file, and the -wal beside it, this one's mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, check_same_thread=False)
        try:
            if path.stat().st_size == 0:
                db.execute("PRAGMA page_size = 32768")  # a third of the cost of 8 KiB pages
                db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            check_is_capture(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            # A kill loses nothing all the same; a power cut may cost the capture. Waiting for the
            # disk at each checkpoint would cost half the throughput of large messages.
            db.execute("PRAGMA synchronous = OFF")
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
