"""Single frames out of blocks, without reading the blocks whole."""

from __future__ import annotations

import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from wsproxy.model.blocks import Columns, Note, frame_record, parse_notes
from wsproxy.model.records import FrameRecord

KEPT_FRAMES = 400_000
"""Frames whose entries are kept in memory (24 bytes each)."""


class Entries(NamedTuple):
    """A block without its bytes."""

    first_id: int
    columns: Columns
    offsets: array[int]
    """Where each frame begins in the block's bytes."""
    notes: dict[int, Note]

    @property
    def last_id(self) -> int:
        return self.first_id + len(self.offsets) - 1


class BlockCache:
    """Reads the entries of blocks and keeps those used last."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._kept: OrderedDict[int, Entries] = OrderedDict()
        self._count = 0

    def entries(self, first_id: int) -> Entries | None:
        """The entries of the block that begins with this frame."""
        kept = self._kept.get(first_id)
        if kept is not None:
            self._kept.move_to_end(first_id)
            return kept
        row = self._db.execute(
            "SELECT count, entries, notes FROM block WHERE first_id = ?", (first_id,)
        ).fetchone()
        if row is None:
            return None
        columns = Columns.unpack(row[0], row[1])
        offsets = array("Q", accumulate(columns.sizes, initial=0))
        offsets.pop()
        entries = Entries(first_id, columns, offsets, parse_notes(row[2]))
        self._kept[first_id] = entries
        self._count += row[0]
        while self._count > KEPT_FRAMES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._count -= len(old.offsets)
        return entries

    def holding(self, frame_id: int) -> Entries | None:
        """The entries of the block that a frame is in."""
        row = self._db.execute(
            "SELECT first_id FROM block WHERE first_id <= ? ORDER BY first_id DESC LIMIT 1",
            (frame_id,),
        ).fetchone()
        entries = self.entries(row[0]) if row else None
        return entries if entries is not None and frame_id <= entries.last_id else None

    def of_connection(self, connection_id: int) -> Iterator[Entries]:
        """The entries of the blocks that have frames of a connection, the newest first."""
        rows = self._db.execute(
            "SELECT first_id FROM connection_block WHERE connection_id = ? ORDER BY first_id DESC",
            (connection_id,),
        )
        for (first_id,) in rows:
            entries = self.entries(first_id)
            if entries is not None:
                yield entries

    def frames(
        self, frame_ids: Sequence[int], keep: int | None = None
    ) -> Iterator[tuple[int, FrameRecord]]:
        """Frames by their ids (ascending), with at most `keep` bytes of each."""
        entries: Entries | None = None
        blob: sqlite3.Blob | None = None
        try:
            for frame_id in frame_ids:
                if entries is None or not entries.first_id <= frame_id <= entries.last_id:
                    entries = self.holding(frame_id)
                    if blob is not None:
                        blob.close()
                        blob = None
                if entries is None:
                    continue
                if blob is None:
                    try:
                        blob = self._db.blobopen("block", "wire", entries.first_id, readonly=True)
                    except sqlite3.OperationalError:  # trimmed meanwhile
                        entries = None
                        continue
                index = frame_id - entries.first_id
                size = entries.columns.sizes[index]
                blob.seek(entries.offsets[index])
                data = blob.read(size if keep is None else min(size, keep))
                yield (
                    frame_id,
                    frame_record(entries.columns, index, data, entries.notes.get(index)),
                )
        finally:
            if blob is not None:
                blob.close()
