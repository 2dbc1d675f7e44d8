"""Reading a capture, also while it is being written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wsproxy.errors import CaptureError
from wsproxy.model.blocks import Columns
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.store.rows import block_from, connection_from, fault_from, message_from
from wsproxy.store.sqlite import check_is_capture


class Traffic(NamedTuple):
    """Frames and recorded bytes in each direction."""

    frames: list[int]
    bytes: list[int]


class Capture:
    """A capture opened for reading."""

    def __init__(self, path: Path) -> None:
        """Raises CaptureError if there is no capture at `path`."""
        if not path.is_file():
            raise CaptureError(f"there is no capture {path}")
        try:
            self.db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise CaptureError(f"cannot read the capture {path}: {error}") from None
        try:
            check_is_capture(self.db, path)
        except CaptureError:
            self.db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def connections(self) -> list[ConnectionRecord]:
        """All connections, in the order they came."""
        return [
            connection_from(row) for row in self.db.execute("SELECT * FROM connection ORDER BY id")
        ]

    def frames(self, connection_id: int | None = None) -> Iterator[tuple[int, FrameRecord]]:
        """The frames of a connection, or of all, each with its id, in the order they came."""
        rows = self.db.execute(
            "SELECT * FROM block ORDER BY first_id"
            if connection_id is None
            else "SELECT block.* FROM connection_block JOIN block USING (first_id)"
            " WHERE connection_id = ? ORDER BY first_id",
            () if connection_id is None else (connection_id,),
        )
        for row in rows:
            first_id, block = block_from(row)
            for index, record in block.frames(connection_id):
                yield first_id + index, record

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        """The frames of a connection, or of all, with what is known of each, in order."""
        messages = self.message_records(connection_id)
        for frame_id, record in self.frames(connection_id):
            message = None
            if record.frame.fin and record.message is not None:
                key = (record.connection_id, record.direction, record.message)
                message = messages.get(key)
            yield Seen(frame_id, record, message)

    def message_records(
        self, connection_id: int | None = None
    ) -> dict[tuple[int, int, int], MessageRecord]:
        """The messages that are more than a frame, by connection, direction and number."""
        where = "" if connection_id is None else "WHERE connection_id = ?"
        rows = self.db.execute(
            f"SELECT * FROM message {where}", () if connection_id is None else (connection_id,)
        )
        return {row[1:4]: message_from(row) for row in rows}

    def fault_records(self, connection_id: int | None = None) -> list[FaultRecord]:
        """What faults did, in the order they struck."""
        where = "" if connection_id is None else "WHERE connection_id = ?"
        rows = self.db.execute(
            f"SELECT * FROM fault {where} ORDER BY id",
            () if connection_id is None else (connection_id,),
        )
        return [fault_from(row) for row in rows]

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""
        totals: dict[int, Traffic] = {}
        for count, entries in self.db.execute("SELECT count, entries FROM block"):
            columns = Columns.unpack(count, entries)
            for key, size in zip(columns.keys, columns.sizes, strict=True):
                traffic = totals.setdefault(key >> 1, Traffic([0, 0], [0, 0]))
                traffic.frames[key & 1] += 1
                traffic.bytes[key & 1] += size
        return totals

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""
        rows = self.db.execute("SELECT * FROM left_out ORDER BY why")
        return {why: Counted(frames, size) for why, frames, size in rows}
