"""The ids of the frames that a query lists, found piece by piece and kept.

With it, the row at any place of a list of a million is one look into an array.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from itertools import compress

from wsproxy.filters.language import Filter, parse
from wsproxy.filters.subject import subject_of
from wsproxy.filters.table import flags_of, mask_of
from wsproxy.model.batches import Batch
from wsproxy.model.queries import Query, Seen
from wsproxy.model.records import ConnectionRecord, FrameRecord, MessageRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said, Sayings, describe
from wsproxy.payloads.waits import Waits
from wsproxy.protocol.frames import FIN
from wsproxy.store.blockcache import BlockCache, Entries
from wsproxy.store.layout import TornError
from wsproxy.store.marks import Marks
from wsproxy.store.notes import Notes
from wsproxy.store.rows import Read, message_from
from wsproxy.store.table import BlockTable

BREATH_SECONDS = 0.001
"""How long a scan works and then rests, in turns, while there is traffic: the relay has the same
interpreter."""

_FINAL = bytes(byte >= FIN for byte in range(256))


class Index:
    """The ids of one query, in order."""

    def __init__(
        self,
        db: sqlite3.Connection,
        blocks: BlockCache,
        read: Read,
        query: Query,
        connection: Callable[[int], ConnectionRecord | None],
        rules: Sequence[DecodeRule],
        now: Callable[[], float],
        notes: Notes,
    ) -> None:
        """`rules` are for filters that ask decoders, `now` (seconds since the epoch) for those that
        ask how long something has waited. Raises FilterError.
        """
        self._db = db
        self._blocks = blocks
        self._read = read
        self._query = query
        self._connection = connection
        self._filter: Filter | None = parse(query.filter) if query.filter else None
        decodes = self._filter is not None and self._filter.decodes
        self._sayings = Sayings(connection, rules) if decodes else None
        self._now = now
        self._patience = self._filter.patience if self._filter is not None else ()
        self._waits = Waits()
        self._notes = notes
        self._marks = Marks(db, notes)
        self.ids = array("Q")
        self.upto = 0
        """All frames up to this id were looked at."""
        self._upto_time = 0.0
        self._asks_for_faults = any(w in query.filter for w in ("~delayed", "~faulted"))
        self._asks_for_notes = any(w in query.filter for w in ("~marked", "~note"))
        self._rows_seen: dict[str, int] = {}
        self._known: dict[int, ConnectionRecord | None] = {}
        self._newest = 0
        self._busy = False
        self._rest_at = 0.0

    def extend(self, budget: float) -> bool:
        """Look at what is new for at most `budget` seconds; False if there is more."""
        # One snapshot: a message whose record comes later is in none of it.
        self._db.execute("BEGIN")
        try:
            self._trim()
            (newest,) = self._db.execute("SELECT coalesce(max(first_id), 0) FROM block").fetchone()
            self._busy, self._newest = newest != self._newest, newest
            if self._filter is not None:
                self._notes.refresh()
                self._late()
            complete = self._look(time.monotonic() + budget)
            if self._patience:
                self._settle(max(self._patience))
            return complete
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
                if self._filter is None and self._query.plain:
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
        if entries is None:
            self.upto = first_id
            return
        columns = entries.columns
        last_time = max(columns.times)
        if not (self._query.since is not None and last_time < self._query.since):
            self._known.clear()
            with contextlib.suppress(TornError):
                self._look_at(entries)
        self.upto = entries.last_id
        self._upto_time = max(self._upto_time, last_time)

    def _look_at(self, entries: Entries) -> None:
        """Add the frames of a block that match; raises TornError."""
        columns, first_id = entries.columns, entries.first_id
        messages = self._marks.of_block(columns)
        table = BlockTable(
            columns,
            entries.notes,
            lambda: self._blocks.block(entries),
            messages,
            self._connection_of,
            self.rest,
        )
        within = self._in_scope(table)
        if not within and self._sayings is None:
            return
        may = sure = within
        if self._filter is not None:
            rough = self._filter.tree.roughly(table, within)
            may, sure = rough.may & within, rough.sure & within
        unsure = flags_of(may & ~sure, table.count)
        chosen = bytearray(flags_of(sure, table.count))
        for seen in self._to_look_at(table, first_id, unsure):
            index = seen.id - first_id
            message = self._record_of(seen)
            # Decoders have to see all, to know what the next says.
            said = self._said(seen.id, seen.record, message)
            if self._patience:
                self._waits.add(seen.id, seen.record.connection_id, said)
            faults = messages[index].faults if index in messages else ()
            if unsure[index] and self._wanted(seen.record, message, said, faults):
                chosen[index] = 1
            if not index & 15:
                self.rest()
        self.ids.extend(compress(range(first_id, first_id + table.count), chosen))
        self.rest()

    def _to_look_at(self, table: BlockTable, first_id: int, unsure: bytes) -> Iterator[Seen]:
        """The frames that have to be looked at one by one."""
        if self._sayings is not None:
            wanted = self._query.connection_id
            unsure = flags_of(
                table.full if wanted is None else table.numbered(wanted.__eq__), table.count
            )
        indexes = list(compress(range(table.count), unsure))
        return Batch(first_id, table.block).seen(indexes) if indexes else iter(())

    def _said(
        self, frame_id: int, record: FrameRecord, message: MessageRecord | None
    ) -> Said | None:
        return self._sayings.of(frame_id, record, message) if self._sayings is not None else None

    def _in_scope(self, table: BlockTable) -> int:
        """The frames of a block that the query is about, its filter aside."""
        query, columns = self._query, table.columns
        within = table.full
        if query.connection_id is not None:
            within &= table.numbered(query.connection_id.__eq__)
        if query.since is not None:
            since = query.since
            within &= mask_of(bytes([time >= since for time in columns.times]))
        if query.until is not None:
            until = query.until
            within &= mask_of(bytes([time <= until for time in columns.times]))
        if not query.control:
            within &= mask_of(bytes(map(bool, columns.numbers)))
        if not query.fragments:
            ends = mask_of(table.firsts.translate(_FINAL))
            within &= ends | (table.full & ~mask_of(bytes(map(bool, columns.numbers))))
        return within

    def _record_of(self, seen: Seen) -> MessageRecord | None:
        record = seen.record
        if record.message is None or not record.frame.fin:
            return seen.message
        row = self._db.execute(
            "SELECT * FROM message WHERE connection_id = ? AND direction = ? AND number = ?"
            " ORDER BY id DESC",
            (record.connection_id, record.direction, record.message),
        ).fetchone()
        return message_from(row, self._read) if row is not None else seen.message

    def rest(self) -> None:
        """Let others have the interpreter, where there is traffic."""
        now = time.monotonic()
        if self._busy and now > self._rest_at:
            time.sleep(BREATH_SECONDS)
            now = time.monotonic()
            self._rest_at = now + BREATH_SECONDS

    def _wanted(
        self,
        record: FrameRecord,
        message: MessageRecord | None,
        said: Said | None = None,
        faults: Sequence[str] = (),
        waited: float | None = None,
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
        if self._filter is None:
            return True
        connection = self._connection_of(record.connection_id)
        note = self._notes.get((record.connection_id, record.direction, record.message))
        subject = subject_of(record, message, connection, faults, note)
        subject.waited = waited
        return self._filter.matches(describe(subject, said.packets if said is not None else ()))

    def _connection_of(self, number: int) -> ConnectionRecord | None:
        if number not in self._known:
            self._known[number] = self._connection(number)
        return self._known[number]

    def _settle(self, patience: float) -> None:
        """What became known of requests after their frames were looked at."""
        self._known.clear()
        for frame_id, wait, seconds in self._waits.settle(self._now(), patience, self._has_ended):
            for _, record, content in self._blocks.with_content([frame_id]):
                message = self._record_of(Seen(frame_id, record, content))
                faults: Sequence[str] = ()
                if record.message is not None:
                    key = (record.connection_id, record.direction, record.message)
                    faults = self._marks.of_message(*key)
                self._put(frame_id, self._wanted(record, message, wait.said, faults, seconds))

    def _has_ended(self, number: int) -> bool:
        connection = self._connection_of(number)
        return connection is not None and connection.end is not None

    def _put(self, frame_id: int, wanted: bool) -> None:
        """List a frame, or list it no more."""
        at = bisect_left(self.ids, frame_id)
        there = at < bisect_right(self.ids, frame_id)
        if wanted and not there:
            insort(self.ids, frame_id)
        elif there and not wanted:
            del self.ids[at]

    def _late(self) -> None:
        """What became known of messages after their frames were looked at."""
        late = dict.fromkeys(self._late_rows("message", "number"))
        if self._asks_for_faults:
            late |= dict.fromkeys(self._late_rows("fault", "message"))
        if self._asks_for_notes:
            late |= dict.fromkeys(self._late_notes())
        for key in late:
            frame_id = last_frame_of(self._blocks, *key)
            if frame_id is None or frame_id > self.upto:
                continue
            faults = self._marks.of_message(*key)
            for _, record, content in self._blocks.with_content([frame_id]):
                message = self._record_of(Seen(frame_id, record, content))
                self._put(frame_id, self._wanted(record, message, None, faults))

    def _late_rows(self, table: str, number: str) -> Iterator[tuple[int, int, int]]:
        """Which messages the new rows of a table are about, as far as they were looked at."""
        rows = self._db.execute(
            f"SELECT id, connection_id, direction, {number}, time FROM {table}"
            " WHERE id > ? ORDER BY id",
            (self._rows_seen.get(table, 0),),
        )
        for row_id, *key, at in rows:
            self._rows_seen[table] = row_id
            if at <= self._upto_time and None not in key:
                yield tuple(key)

    def _late_notes(self) -> Iterator[tuple[int, int, int]]:
        """Which messages the new notes are on; one on a connection begins the search anew."""
        if not self._notes.there:
            return
        rows = self._db.execute(
            "SELECT id, connection_id, direction, message FROM note WHERE id > ? ORDER BY id",
            (self._rows_seen.get("note", 0),),
        )
        for row_id, *key in rows:
            self._rows_seen["note"] = row_id
            if None not in key:
                yield tuple(key)
            elif self.upto:
                self.upto = 0
                del self.ids[:]


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
