"""Recording: the event loop hands batches over, one thread writes them."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from wsproxy.model.batches import Batch
from wsproxy.model.records import ConnectionRecord
from wsproxy.relay.interfaces import Clock
from wsproxy.store.rows import Row, connection_row
from wsproxy.store.writer import CaptureWriter

FLUSH_SECONDS = 0.05
"""How long a change of a connection may wait to be written."""

HIGH_WATER = 16 * 1024 * 1024
"""Bytes of batches that may wait for the writer before the connections are read no further."""

UNSYNCED_HIGH = 64 * 1024 * 1024
"""Bytes that may be written and not yet on the disk before the connections are read no further."""

Place = tuple[int, int]
"""A wire file's number, and an offset where a block begins."""

_log = logging.getLogger(__name__)


class _Job(NamedTuple):
    """What the loop hands to the writer."""

    connections: list[Row]
    batch: Batch | None
    left_out: tuple[str, int, int] | None = None
    """Why something is not in the capture, its size in bytes, and how many frames it is."""


class CaptureRecorder:
    """A Recorder that keeps everything in a capture.

    Its methods are called on the event loop; a thread of its own writes.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        call_soon: Callable[[Callable[[], None]], object],
        *,
        limit: int,
        written: Callable[[list[int], Batch | None, Place, Place, Place], None] | None = None,
        strict: bool = False,
    ) -> None:
        """Open the capture at `path`, or make it; one that is there already is continued.

        `call_soon` runs a function on the loop, from other threads. `limit` bounds all its files
        together, in bytes. `written` hears, on the writer's thread, which connections changed, which
        batch was written, where it begins and ends, and up to where wire files can be read; of the
        latter now, too. `strict`: what cannot be written is not logged; whoever made this looks at
        `failure`.
        Raises CaptureError for what is not a capture, cannot be written, or is written already.
        """
        self.path = path
        self._clock = clock
        self._call_soon = call_soon
        self._told = written
        self._strict = strict
        self.failure: OSError | sqlite3.Error | None = None
        """Why something could not be written, if so."""
        self._writer = CaptureWriter(path, limit, self._synced)
        if written is not None:
            place = self._writer.place
            written([], None, place, place, place)
        self._next_connection_id = self._writer.next_connection_id
        self._next_frame_id = self._writer.next_frame_id
        self._next_http_id = self._writer.next_http_id
        self._connections: dict[int, Row] = {}
        self._waiting = 0
        self._unsynced = 0
        self._paused = False
        self._tell_pressed: Callable[[bool], None] | None = None
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._failing = False
        self._thread = threading.Thread(target=self._write_all, name="capture", daemon=True)
        self._thread.start()

    @property
    def next_frame_id(self) -> int:
        """The id of the first frame that `write` will be given."""
        return self._next_frame_id

    @property
    def backlog(self) -> int:
        """Bytes, about, that wait to be written or to reach the disk."""
        return self._waiting + self._unsynced

    def next_connection_id(self) -> int:
        """A number no connection of this capture has."""
        self._next_connection_id += 1
        return self._next_connection_id - 1

    def next_http_id(self) -> int:
        """A number no request of plain HTTP in this capture has."""
        self._next_http_id += 1
        return self._next_http_id - 1

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Keep the connection as it is now."""
        if not self._connections:
            self._clock.call_later(FLUSH_SECONDS, self._flush_connections)
        self._connections[connection.id] = connection_row(connection)

    def write(self, batch: Batch) -> None:
        """Keep what passed."""
        self._next_frame_id = batch.last_id + 1
        self._put(batch)

    def leave_out(self, why: str, size: int, frames: int = 0) -> None:
        """Count `size` bytes of the wire that will not be in the capture."""
        self._queue.put(_Job([], None, (why, size, frames)))

    def on_pressure(self, pressed: Callable[[bool], None]) -> None:
        """Call `pressed` when the disk falls behind, and again when it has caught up."""
        self._tell_pressed = pressed

    def close(self) -> None:
        """Write what is left and close the capture; blocks until that is done."""
        self._flush_connections()
        self._queue.put(None)
        self._thread.join()
        self._writer.close()
        if self._failing and not self._strict:  # else it has a row that says so
            lost = self._writer.lost_frames
            _log.warning("%s frames could not be written to the capture %s", lost, self.path)

    def _flush_connections(self) -> None:
        if self._connections:
            self._put(None)

    def _put(self, batch: Batch | None) -> None:
        job = _Job(list(self._connections.values()), batch)
        self._connections.clear()
        if batch is not None:
            self._waiting += batch.weight
        self._queue.put(job)
        self._check_pressure()

    def _written(self, weight: int, size: int) -> None:
        self._waiting -= weight
        self._unsynced += size
        self._check_pressure()

    def _on_disk(self, size: int) -> None:
        self._unsynced -= size
        self._check_pressure()

    def _check_pressure(self) -> None:
        share = 2 if self._paused else 1
        paused = self._waiting > HIGH_WATER // share or self._unsynced > UNSYNCED_HIGH // share
        if paused != self._paused:
            self._paused = paused
            if self._tell_pressed is not None:
                self._tell_pressed(paused)

    # From here on: the writer's thread, and the one that syncs.

    def _synced(self, size: int) -> None:
        self._tell(partial(self._on_disk, size))

    def _write_all(self) -> None:
        while (job := self._queue.get()) is not None:
            size = 0
            try:
                if job.left_out is not None:
                    self._writer.leave_out(*job.left_out)
                file, offset = self._writer.place
                size = self._writer.write(job.connections, job.batch)
                if self._told is not None:
                    ids, upto = [row[0] for row in job.connections], (file, offset + size)
                    self._told(ids, job.batch, (file, offset), upto, self._writer.place)
                if self._failing:
                    self._failing = False
                    _log.warning("the capture %s can be written again", self.path)
            except (OSError, sqlite3.Error) as error:
                self._lose(job, error)
            weight = job.batch.weight if job.batch is not None else 0
            self._tell(partial(self._written, weight, size))

    def _lose(self, job: _Job, error: OSError | sqlite3.Error) -> None:
        self.failure = error
        if not self._failing:
            self._failing = True
            reason = error.strerror if isinstance(error, OSError) else error
            if not self._strict:
                _log.error(
                    "cannot write the capture %s: %s; traffic goes on, unrecorded",
                    self.path,
                    reason,
                )
        self._writer.lost(job.batch)

    def _tell(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            self._call_soon(call)
