"""The ids of the frames that a query lists, found piece by piece and kept.

With it, the row at any place of a list of a million is one look into an array.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from itertools import compress

from wsproxy.filters.language import Predicate, parse
from wsproxy.filters.subject import subject_of
from wsproxy.model.batches import Batch
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, FrameRecord, MessageRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said, Sayings, describe
from wsproxy.store.blockcache import BlockCache
from wsproxy.store.layout import TornError
from wsproxy.store.rows import Read, message_from

BREATH_SECONDS = 0.001
"""How long a scan works and then rests, in turns, while there is traffic: the relay has the same
interpreter."""

MessageKey = tuple[int, int, int]


class Index:
    """The ids of one query, in order."""

    def __init__(
        self,
        db: sqlite3.Connection,
        blocks: BlockCache,
        read: Read,
        query: Query,
        connection: Callable[[int], ConnectionRecord | None],
        rules: Sequence[DecodeRule] = (),
    ) -> None:
        """`rules` are for filters that ask decoders. Raises FilterError."""
        self._db = db
        self._blocks = blocks
        self._read = read
        self._query = query
        self._connection = connection
        wanted = parse(query.filter) if query.filter else None
        self._matches: Predicate | None = wanted.matches if wanted is not None else None
        decodes = wanted is not None and wanted.decodes
        self._sayings = Sayings(connection, rules) if decodes else None
        self.ids = array("Q")
        self.upto = 0
        """All frames up to this id were looked at."""
        self._upto_time = 0.0
        self._message_row = 0
        self._known: dict[int, ConnectionRecord | None] = {}
        self._newest = 0
        self._busy = False

    def extend(self, budget: float) -> bool:
        """Look at what is new for at most `budget` seconds; False if there is more."""
        # One snapshot: a message whose record comes later is in none of it.
        self._db.execute("BEGIN")
        try:
            self._trim()
            (newest,) = self._db.execute("SELECT coalesce(max(first_id), 0) FROM block").fetchone()
            self._busy, self._newest = newest != self._newest, newest
            if self._matches is not None:
                self._late_messages()
            return self._look(time.monotonic() + budget)
        finally:
            self._db.execute("COMMIT")

    def _look(self, deadline: float) -> bool:
        while True:
            first_ids = [
                row[0]
                for row in self._db.execute(
                    "SELECT first_id FROM block WHERE first_id > ? ORDER BY first_id LIMIT 100",
                    (self.upto,),
                )
            ]
            if not first_ids:
                return True
            for first_id in first_ids:
                if self._matches is None and self._query.plain:
                    self._add_counted(first_id)
                else:
                    self._add_matching(first_id)
                if time.monotonic() > deadline:
                    return False

    def place(self, frame_id: int) -> int:
        """How many ids are below this one."""
        return bisect_left(self.ids, frame_id)

    def _trim(self) -> None:
        row = self._db.execute("SELECT min(first_id) FROM block").fetchone()
        if row[0] is not None and self.ids and self.ids[0] < row[0]:
            del self.ids[: bisect_left(self.ids, row[0])]

    def _add_counted(self, first_id: int) -> None:
        """Add the frames of a block by its entries alone."""
        query = self._query
        if query.connection_id is not None:
            mine = self._db.execute(
                "SELECT 1 FROM connection_block WHERE connection_id = ? AND first_id = ?",
                (query.connection_id, first_id),
            ).fetchone()
            if mine is None:
                (count,) = self._db.execute(
                    "SELECT count FROM block WHERE first_id = ?", (first_id,)
                ).fetchone() or (1,)
                self.upto = first_id + count - 1
                return
        entries = self._blocks.entries(first_id)
        if entries is None:
            self.upto = first_id
            return
        columns = entries.columns
        keys, messages = columns.keys, columns.numbers
        ids = range(first_id, entries.last_id + 1)
        chosen: list[bool] | None = None
        if query.connection_id is not None:
            wanted = {query.connection_id << 1, query.connection_id << 1 | 1}
            chosen = list(map(wanted.__contains__, keys))
        if not query.control:
            data = map(bool, messages)
            chosen = [a and b for a, b in zip(chosen, data, strict=True)] if chosen else list(data)
        if not query.fragments:
            last = [not n or columns.ends(i) for i, n in enumerate(messages)]
            chosen = [a and b for a, b in zip(chosen, last, strict=True)] if chosen else list(last)
        self.ids.extend(ids if chosen is None else compress(ids, chosen))
        self.upto = entries.last_id

    def _add_matching(self, first_id: int) -> None:
        """Add the frames of a block that match."""
        entries = self._blocks.entries(first_id)
        try:
            block = self._blocks.block(entries) if entries is not None else None
        except TornError:
            block = None
        if block is None:
            self.upto = first_id
            return
        query = self._query
        last_time = max(block.columns.times)
        if not (query.since is not None and last_time < query.since):
            keys, numbers = block.columns.keys, block.columns.numbers
            messages = self._messages(keys, numbers)
            self._known.clear()
            rest_at = time.monotonic() + BREATH_SECONDS
            for frame_id, record, message, _ in Batch(first_id, block).seen():
                if query.connection_id not in (None, record.connection_id):
                    continue
                if record.frame.fin and record.message is not None:
                    key = (record.connection_id, record.direction, record.message)
                    message = messages.get(key, message)
                said = None
                if self._sayings is not None:  # which has to see all, to know what the next says
                    said = self._sayings.of(frame_id, record, message)
                if self._wanted(record, message, said):
                    self.ids.append(frame_id)
                if self._busy and not frame_id & 15 and time.monotonic() > rest_at:
                    time.sleep(BREATH_SECONDS)
                    rest_at = time.monotonic() + BREATH_SECONDS
        self.upto = first_id + block.count - 1
        self._upto_time = max(self._upto_time, last_time)

    def _wanted(
        self, record: FrameRecord, message: MessageRecord | None, said: Said | None = None
    ) -> bool:
        query = self._query
        if query.connection_id not in (None, record.connection_id):
            return False
        if query.since is not None and record.time < query.since:
            return False
        if query.until is not None and record.time > query.until:
            return False
        if not query.control and record.message is None:
            return False
        if not query.fragments and record.message is not None and not record.frame.fin:
            return False
        if self._matches is None:
            return True
        connection = self._connection_of(record.connection_id)
        subject = subject_of(record, message, connection)
        return self._matches(describe(subject, said.packets if said is not None else ()))

    def _messages(self, keys: array[int], numbers: array[int]) -> dict[MessageKey, MessageRecord]:
        """The records of the messages that a block has frames of."""
        found: dict[MessageKey, MessageRecord] = {}
        (self._message_row,) = self._db.execute(
            "SELECT coalesce(max(id), 0) FROM message"
        ).fetchone()
        wanted = self._query.connection_id
        spans: dict[int, tuple[int, int]] = {}
        for key, number in zip(keys, numbers, strict=True):
            if number:
                first, last = spans.get(key, (number, number))
                spans[key] = (min(first, number), max(last, number))
        for key, span in spans.items():
            if wanted in (None, key >> 1):
                rows = self._db.execute(
                    "SELECT * FROM message WHERE connection_id = ? AND direction = ?"
                    " AND number BETWEEN ? AND ?",
                    (key >> 1, key & 1, *span),
                )
                for row in rows:
                    with contextlib.suppress(TornError):
                        found[row[1:4]] = message_from(row, self._read)
        return found

    def _connection_of(self, number: int) -> ConnectionRecord | None:
        if number not in self._known:
            self._known[number] = self._connection(number)
        return self._known[number]

    def _late_messages(self) -> None:
        """What was decided about messages after their frames were looked at."""
        rows = self._db.execute(
            "SELECT * FROM message WHERE id > ? AND time <= ? ORDER BY id",
            (self._message_row, self._upto_time),
        )
        for row in rows:
            self._message_row = max(self._message_row, row[0])
            frame_id = last_frame_of(self._blocks, *row[1:4])
            if frame_id is None or frame_id > self.upto:
                continue
            for _, record in self._blocks.frames([frame_id]):
                wanted = self._wanted(record, message_from(row, self._read))
                at = bisect_left(self.ids, frame_id)
                there = at < bisect_right(self.ids, frame_id)
                if wanted and not there:
                    insort(self.ids, frame_id)
                elif there and not wanted:
                    del self.ids[at]


def frames_of(blocks: BlockCache, connection_id: int, direction: int, number: int) -> list[int]:
    """The ids of a message's frames, in order."""
    key = connection_id << 1 | direction
    found: list[int] = []
    for entries in blocks.of_connection(connection_id):
        keys, numbers = entries.columns.keys, entries.columns.numbers
        mine = [
            entries.first_id + index
            for index, (k, n) in enumerate(zip(keys, numbers, strict=True))
            if n == number and k == key
        ]
        found[:0] = mine
        if any(n and n < number for k, n in zip(keys, numbers, strict=True) if k == key):
            break
    return found


def last_frame_of(
    blocks: BlockCache, connection_id: int, direction: int, number: int
) -> int | None:
    """The id of the frame that ends a message."""
    key = connection_id << 1 | direction
    for entries in blocks.of_connection(connection_id):
        keys, numbers = entries.columns.keys, entries.columns.numbers
        for index in range(len(keys) - 1, -1, -1):
            if numbers[index] == number and keys[index] == key:
                return entries.first_id + index
    return None
