"""Reading a capture, also while it is being written."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
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


class Capture:
    """A capture opened for reading, also while it is being written."""

    def __init__(self, path: Path) -> None:
        """Raises CaptureError if there is no capture at `path`."""
        self.path = path
        self.db = open_for_reading(path)
        self.wire = WireReader(path)
        self.blocks = BlockCache(self.db, self.wire)
        self.http = HttpReader(self.db, self.wire)
        self.notes = Notes(self.db)
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
        """The frames of a connection, or of all, with what is known of each, in order."""
        with self.readable():
            messages = self.message_records(connection_id)
            self.notes.refresh()
            faults: dict[tuple[int, int | None, int | None], list[FaultRecord]] = {}
            for fault in self.fault_records(connection_id):
                key = (fault.connection_id, fault.direction, fault.message)
                faults.setdefault(key, []).append(fault)
            for first_id, block in self._blocks(connection_id):
                for seen in Batch(first_id, block).seen():
                    record = seen.record
                    if connection_id not in (None, record.connection_id):
                        continue
                    if record.frame.fin and record.message is not None:
                        number = (record.connection_id, record.direction, record.message)
                        message = messages.get(number, seen.message)
                        struck = faults.get(number)
                        note = self.notes.get(number)
                        if message is seen.message and struck is None and note is None:
                            yield seen
                        else:
                            yield Seen(seen.id, record, message, tuple(struck or ()), note)
                    else:
                        yield seen

    def message_records(
        self, connection_id: int | None = None
    ) -> dict[tuple[int, int, int], MessageRecord]:
        """The messages that have a record of their own, by connection, direction and number.

        Those in one compressed frame have none: `seen` knows them.
        """
        with self.readable():
            where = "" if connection_id is None else "WHERE connection_id = ?"
            rows = self.db.execute(
                f"SELECT * FROM message {where} ORDER BY id",
                () if connection_id is None else (connection_id,),
            )
            found = {}
            for row in rows:
                with contextlib.suppress(TornError):
                    found[row[1:4]] = message_from(row, self.wire.read)
            return found

    def fault_records(self, connection_id: int | None = None) -> list[FaultRecord]:
        """What faults did, in the order they struck."""
        return [record for _, record in self.faults_after(0, connection_id)]

    def faults_after(
        self, row: int, connection_id: int | None = None
    ) -> list[tuple[int, FaultRecord]]:
        """What faults did, each with its number; only those with a higher one than `row`."""
        with self.readable():
            where = "" if connection_id is None else "AND connection_id = ?"
            rows = self.db.execute(
                f"SELECT * FROM fault WHERE id > ? {where} ORDER BY id",
                (row,) if connection_id is None else (row, connection_id),
            )
            found = []
            for each in rows:
                with contextlib.suppress(TornError):
                    found.append((int(each[0]), fault_from(each, self.wire.read)))
            return found

    def last_time(self) -> float | None:
        """When the last frame passed, in seconds since the epoch; None if there is none."""
        with self.readable():
            (found,) = self.db.execute("SELECT max(last_time) FROM block").fetchone()
            return None if found is None else float(found)

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""
        with self.readable():
            rows = self.db.execute(
                "SELECT connection_id, sum(frames_up), sum(frames_down), sum(bytes_up),"
                " sum(bytes_down) FROM connection_block GROUP BY connection_id"
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
