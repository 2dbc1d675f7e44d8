"""Single frames out of blocks, without reading the blocks whole."""

from __future__ import annotations

import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from wsproxy.model.blocks import Block, Columns, Note, frame_record, whole_message
from wsproxy.model.records import FrameRecord, MessageRecord
from wsproxy.store.layout import HEADER_SIZE, Sizes, TornError, decode_head, decode_sizes
from wsproxy.store.wirereader import WireReader

KEPT_FRAMES = 400_000
"""Frames whose entries are kept in memory (34 bytes each)."""


class Entries(NamedTuple):
    """A block without its bytes."""

    first_id: int
    columns: Columns
    offsets: array[int]
    """Where each frame begins in the wire file."""
    notes: dict[int, Note]
    file: int
    sizes: Sizes
    contents_at: int
    """Where the contents begin in the wire file."""

    @property
    def last_id(self) -> int:
        return self.first_id + len(self.offsets) - 1


class BlockCache:
    """Reads the entries of blocks and keeps those used last."""

    def __init__(self, db: sqlite3.Connection, wire: WireReader) -> None:
        self._db = db
        self._wire = wire
        self._kept: OrderedDict[int, Entries] = OrderedDict()
        self._count = 0
        self.torn: set[int] = set()
        """The first ids of blocks that cannot be read."""

    def entries(self, first_id: int) -> Entries | None:
        """The entries of the block that begins with this frame."""
        kept = self._kept.get(first_id)
        if kept is not None:
            self._kept.move_to_end(first_id)
            return kept
        row = self._db.execute(
            "SELECT file, offset FROM block WHERE first_id = ?", (first_id,)
        ).fetchone()
        if row is None or first_id in self.torn:
            return None
        try:
            entries = self._read(*row)
        except TornError:
            self.torn.add(first_id)
            return None
        self._kept[first_id] = entries
        self._count += len(entries.offsets)
        while self._count > KEPT_FRAMES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._count -= len(old.offsets)
        return entries

    def _read(self, file: int, offset: int) -> Entries:
        _, sizes, _ = decode_sizes(self._wire.read(file, offset, HEADER_SIZE))
        head = decode_head(self._wire.read(file, offset, sizes.head))
        start = offset + sizes.head
        offsets = array("Q", accumulate(head.columns.sizes, initial=start))
        if offsets.pop() != start + sizes.stored:
            raise TornError("the block is damaged")
        return Entries(
            head.first_id, head.columns, offsets, head.notes, file, sizes, start + sizes.stored
        )

    def block(self, entries: Entries) -> Block:
        """The block whole; raises TornError."""
        start = entries.contents_at - entries.sizes.stored
        stored = self._wire.read(entries.file, start, entries.sizes.stored)
        contents = self._wire.read(entries.file, entries.contents_at, entries.sizes.contents)
        return Block(entries.columns, [stored], [contents], entries.notes)

    def message(
        self, entries: Entries, index: int, record: FrameRecord, keep: int | None = None
    ) -> MessageRecord | None:
        """The message of a frame with a content beside it, at most `keep` bytes of that."""
        contents = entries.columns.contents
        size = contents[index] - 1
        if size < 0:
            return None
        at = entries.contents_at + sum(n - 1 for n in contents[:index] if n)
        try:
            content = self._wire.read(entries.file, at, size if keep is None else min(size, keep))
        except TornError:
            return None
        note = entries.notes.get(index)
        if note is None or note.content_length is None:
            note = Note(content_length=size)
        return whole_message(record, content, note)

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
        for frame_id, record, _ in self.with_content(frame_ids, keep):
            yield frame_id, record

    def with_content(
        self, frame_ids: Sequence[int], keep: int | None = None
    ) -> Iterator[tuple[int, FrameRecord, MessageRecord | None]]:
        """As `frames`, each with the message that it is where it has a content beside it."""
        entries: Entries | None = None
        for frame_id in frame_ids:
            if entries is None or not entries.first_id <= frame_id <= entries.last_id:
                entries = self.holding(frame_id)
            if entries is None:
                continue
            index = frame_id - entries.first_id
            size = entries.columns.sizes[index]
            try:
                data = self._wire.read(
                    entries.file,
                    entries.offsets[index],
                    size if keep is None else min(size, keep),
                )
            except TornError:  # trimmed meanwhile, or damaged
                continue
            note = entries.notes.get(index)
            record = frame_record(entries.columns, index, data, note)
            yield frame_id, record, self.message(entries, index, record, keep)
