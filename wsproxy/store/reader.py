"""Reading a capture, also while it is being written."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from wsproxy.errors import CaptureError
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import Block
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.store.blockcache import BlockCache
from wsproxy.store.database import open_for_reading
from wsproxy.store.http import HttpReader
from wsproxy.store.layout import TornError
from wsproxy.store.notes import Notes
from wsproxy.store.rows import connection_from, fault_from, message_from
from wsproxy.store.wirereader import WireReader


class Traffic(NamedTuple):
    """Frames and recorded bytes in each direction."""

    frames: list[int]
    bytes: list[int]


MessageKey = tuple[int, int, int]
"""Connection, direction, number."""


class Known(NamedTuple):
    """What the index has of messages beside their frames."""

    messages: dict[MessageKey, MessageRecord]
    """Those that have a record of their own; what is in one compressed frame has none."""
    faults: dict[MessageKey, list[FaultRecord]]


_OF = "WHERE connection_id = ? AND direction = ?"
_MESSAGES_OF = f"SELECT * FROM message {_OF} AND number BETWEEN ? AND ? ORDER BY id"
_FAULTS_OF = f"SELECT * FROM fault {_OF} AND message BETWEEN ? AND ? ORDER BY id"


class Capture:
    """A capture opened for reading, also while it is being written."""

    def __init__(self, path: Path) -> None:
        """Raises CaptureError if there is no capture at `path`."""
        self.path = path
        self.db = open_for_reading(path)
        self.wire = WireReader(path)
        self.blocks = BlockCache(self.db, self.wire)
        try:
            with self.readable():
                self.http = HttpReader(self.db, self.wire, self.readable)
                self.notes = Notes(self.db)
        except CaptureError:
            self.close()
            raise
        self.unreadable = 0
        """Frames that were passed over because their block is damaged."""

    @contextlib.contextmanager
    def readable(self) -> Iterator[None]:
        """Turns what a damaged index leads to into a CaptureError."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CaptureError(
                f"the index of the capture {self.path} is damaged: {reason}"
            ) from None

    def close(self) -> None:
        """Close the files."""
        self.db.close()
        self.wire.close()

    def connections(self) -> list[ConnectionRecord]:
        """All connections, in the order they came."""
        with self.readable():
            self.notes.refresh()
            return [
                self.notes.on(connection_from(row))
                for row in self.db.execute("SELECT * FROM connection ORDER BY id")
            ]

    def frames(self, connection_id: int | None = None) -> Iterator[tuple[int, FrameRecord]]:
        """The frames of a connection, or of all, each with its id, in the order they came."""
        with self.readable():
            for first_id, block in self._blocks(connection_id):
                for index, record in block.frames(connection_id):
                    yield first_id + index, record

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        """The frames of a connection, or of all, with what is known of each, in order.

        What is known of messages is read block by block, so that memory stays flat.
        """
        with self.readable():
            self.notes.refresh()
            for first_id, block in self._blocks(connection_id):
                known = self.known_of(block.columns.keys, block.columns.numbers, connection_id)
                for seen in Batch(first_id, block).seen():
                    record = seen.record
                    if connection_id not in (None, record.connection_id):
                        continue
                    if record.frame.fin and record.message is not None:
                        key = (record.connection_id, record.direction, record.message)
                        message = known.messages.get(key, seen.message)
                        struck = known.faults.get(key)
                        note = self.notes.get(key)
                        if message is seen.message and struck is None and note is None:
                            yield seen
                        else:
                            yield Seen(seen.id, record, message, tuple(struck or ()), note)
                    else:
                        yield seen

    def known_of(
        self,
        keys: Iterable[int],
        numbers: Iterable[int],
        connection_id: int | None = None,
        keep: int | None = None,
    ) -> Known:
        """What the index has of messages, given by `connection_id * 2 + direction` and number.

        `connection_id`: only of this one. `keep`: bytes of each content that are read (None: all).
        """
        known = Known({}, {})
        row = self.db.execute(
            "SELECT EXISTS (SELECT 1 FROM message), EXISTS (SELECT 1 FROM fault)"
        ).fetchone()
        if not any(row):
            return known
        spans: dict[int, tuple[int, int]] = {}
        for key, number in zip(keys, numbers, strict=True):
            if number and connection_id in (None, key >> 1):
                first, last = spans.get(key, (number, number))
                spans[key] = (min(first, number), max(last, number))
        for key, (first, last) in spans.items():
            span = (key >> 1, key & 1, first, last)
            for row in self.db.execute(_MESSAGES_OF, span):
                with contextlib.suppress(TornError):
                    known.messages[row[1:4]] = message_from(row, self.wire.read, keep)
            for row in self.db.execute(_FAULTS_OF, span):
                with contextlib.suppress(TornError):
                    fault = fault_from(row, self.wire.read)
                    known.faults.setdefault((row[1], row[2], row[6]), []).append(fault)
        return known

    def fault_records(self, connection_id: int | None = None) -> list[FaultRecord]:
        """What faults did, in the order they struck."""
        return [record for _, record in self.faults_after(0, connection_id)]

    def faults_after(
        self, row: int, connection_id: int | None = None
    ) -> Iterator[tuple[int, FaultRecord]]:
        """What faults did, each with its number; only those with a higher one than `row`."""
        with self.readable():
            where = "" if connection_id is None else "AND connection_id = ?"
            rows = self.db.execute(
                f"SELECT * FROM fault WHERE id > ? {where} ORDER BY id",
                (row,) if connection_id is None else (row, connection_id),
            )
            for each in rows:
                with contextlib.suppress(TornError):
                    yield int(each[0]), fault_from(each, self.wire.read)

    def last_time(self) -> float | None:
        """When the last frame passed, in seconds since the epoch; None if there is none."""
        with self.readable():
            (found,) = self.db.execute("SELECT max(last_time) FROM block").fetchone()
            return None if found is None else float(found)

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""
        with self.readable():
            rows = self.db.execute(
                "SELECT connection_id, coalesce(sum(frames_up), 0), coalesce(sum(frames_down), 0),"
                " coalesce(sum(bytes_up), 0), coalesce(sum(bytes_down), 0) FROM connection_block GROUP BY connection_id"
            )
            return {row[0]: Traffic([row[1], row[2]], [row[3], row[4]]) for row in rows}

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""
        with self.readable():
            rows = self.db.execute("SELECT * FROM left_out ORDER BY why")
            return {why: Counted(frames, size) for why, frames, size in rows}

    def _blocks(self, connection_id: int | None) -> Iterator[tuple[int, Block]]:
        rows = self.db.execute(
            "SELECT first_id, count FROM block ORDER BY first_id"
            if connection_id is None
            else "SELECT first_id, count FROM connection_block JOIN block USING (first_id)"
            " WHERE connection_id = ? ORDER BY first_id",
            () if connection_id is None else (connection_id,),
        )
        for first_id, count in rows:
            entries = self.blocks.entries(first_id)
            block = None
            if entries is not None:
                with contextlib.suppress(TornError):
                    block = self.blocks.block(entries)
            if block is None:
                self.unreadable += count
            else:
                yield first_id, block
