"""Browsing a capture: any part of any list, without reading the rest (web.interfaces.CaptureReader)."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteKey, NoteRecord
from wsproxy.model.queries import Page, Query, RoundTrip, Seen, Timeline, Traffic, Whole
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    Direction,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Said, Sayings
from wsproxy.store.index import Index, frames_of, last_frame_of
from wsproxy.store.largest import by_size
from wsproxy.store.layout import TornError
from wsproxy.store.notes import Notes
from wsproxy.store.reader import Capture, Known
from wsproxy.store.rows import connection_from, fault_from, message_from
from wsproxy.store.timeline import timeline
from wsproxy.store.trips import around, round_trips

INDEXES = 12
"""How many lists are remembered; each takes 8 bytes a row."""

ROW_BYTES = 1024
"""Bytes of a payload that a row of a list has."""


class CaptureBrowser:
    """A CaptureReader of a capture file."""

    def __init__(
        self,
        path: Path,
        rules: Sequence[DecodeRule] = (),
        now: Callable[[], float] = time.time,  # noqa: TID251 - nobody else has to know it
    ) -> None:
        """`rules` say which decoder reads what, `now` how many seconds it is since the epoch.

        Raises CaptureError if there is no capture at `path`.
        """
        self._now = now
        self._rules = rules
        self._capture = Capture(path)
        self._db = self._capture.db
        self._blocks = self._capture.blocks
        self._read = self._capture.wire.read
        self._notes = self._capture.notes
        self._indexes: OrderedDict[Query, Index] = OrderedDict()
        self._ended: dict[int, ConnectionRecord] = {}
        self._sized: tuple[tuple[Query, str, int], list[int]] | None = None

    def close(self) -> None:
        """Close the file."""
        self._capture.close()

    def connections(
        self, after: int = 0, limit: int = 1000, *, newest: bool = False
    ) -> list[ConnectionRecord]:
        """Connections with a higher id than `after`, in order; or the newest ones."""
        order = "DESC" if newest else "ASC"
        rows = self._db.execute(
            f"SELECT * FROM connection WHERE id > ? ORDER BY id {order} LIMIT ?", (after, limit)
        )
        self._notes.refresh()
        found = [self._notes.on(connection_from(row)) for row in rows]
        return found[::-1] if newest else found

    def connection(self, number: int) -> ConnectionRecord | None:
        """One connection."""
        self._notes.refresh()
        if number in self._ended:
            return self._notes.on(self._ended[number])
        row = self._db.execute("SELECT * FROM connection WHERE id = ?", (number,)).fetchone()
        if row is None:
            return None
        connection = self._notes.on(connection_from(row))
        if connection.status is not None:  # what filters ask of it does not change any more
            if len(self._ended) > 1000:
                self._ended.clear()
            if connection.end is not None:
                self._ended[number] = connection
        return connection

    def page(
        self,
        query: Query,
        *,
        offset: int | None = None,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        start: int = 0,
        order: str = "",
        budget: float = 0.1,
    ) -> Page:
        """Rows of a list (web.interfaces.CaptureReader)."""
        index = self._index(query)
        complete = index.extend(budget)
        if order:
            at = max(offset or 0, 0)
            sized = self._by_size(query, order, start, anew=not at) if complete else []
            wanted = sized[at : at + limit]
            rows = {seen.id: seen for seen in self._rows(sorted(wanted))}
            found = [rows[each] for each in wanted if each in rows]
            return Page(found, at, len(index.ids) - index.place(start), index.upto, complete)
        first = index.place(start) if start else 0
        total = len(index.ids) - first
        if after is not None:
            at = index.place(after + 1) - first
        elif before is not None:
            stop = index.place(before) - first
            limit = min(limit, max(stop, 0))
            at = stop - limit
        elif offset is not None and offset < 0:
            at = max(total + offset, 0)
        else:
            at = offset or 0
        at = max(at, 0)
        ids = index.ids[first + at : first + min(at + limit, total)]
        return Page(self._rows(ids), at, total, index.upto, complete)

    def frame(self, frame_id: int) -> Seen | None:
        """One frame, whole."""
        for seen in self.pick([frame_id]):
            return seen
        return None

    def message(self, connection_id: int, direction: Direction, number: int) -> Whole | None:
        """A message and its frames."""
        ids = frames_of(self._blocks, connection_id, direction, number)
        key = (connection_id, int(direction), number)
        if not ids:
            return None
        message = self._message(key)
        if message is None:
            message = next((m for _, _, m in self._blocks.with_content(ids[-1:])), None)
        return Whole(ids, message, self._faults(key))

    def pick(self, frame_ids: Sequence[int]) -> Iterator[Seen]:
        """These frames, whole, as far as they are there."""
        for frame_id, record, message in self._blocks.with_content(sorted(frame_ids)):
            yield self._seen(frame_id, record, message)

    def timeline(
        self, connection_id: int | None, start: float | None, end: float | None, buckets: int
    ) -> Timeline | None:
        """What passed over time; None where there is nothing."""
        return timeline(self._db, self._blocks, self._read, connection_id, start, end, buckets)

    def round_trips(self, connection_id: int, limit: int) -> list[RoundTrip]:
        """The newest pairs of request and answer, the oldest first."""
        return round_trips(self._blocks, self.pick, self.sayings(), connection_id, limit)

    def said(self, frame_id: int) -> tuple[Said | None, RoundTrip | None]:
        """What the message says that a frame ends, and the pair that it belongs to."""
        for seen in self.pick([frame_id]):
            return around(self._db, self._blocks, self.pick, self.sayings(), seen)
        return None, None

    def notes(self) -> list[NoteRecord]:
        """All notes and bookmarks, by connection and message."""
        self._notes.refresh()
        return sorted(self._notes, key=lambda note: tuple(part or 0 for part in note.key))

    def note(self, key: NoteKey) -> NoteRecord | None:
        """The note on a message or connection."""
        self._notes.refresh()
        return self._notes.get(key)

    def last_frame(self, connection_id: int, direction: Direction, number: int) -> int | None:
        """The id of the frame that ends a message; None if there is none."""
        return last_frame_of(self._blocks, connection_id, direction, number)

    def sayings(self) -> Sayings:
        """For messages of this capture, by the user's rules."""
        return Sayings(self.connection, self._rules)

    def http(
        self, after: int, limit: int, *, newest: bool, of: ConnectionRecord | None
    ) -> list[HttpRecord]:
        """Requests of plain HTTP (store.http.HttpReader.list), with the beginning of bodies."""
        return self._capture.http.list(after, limit, newest=newest, of=of, keep=ROW_BYTES)

    def http_sayings(self) -> HttpSayings:
        """For requests of plain HTTP, by the user's rules."""
        return HttpSayings(self._rules)

    def http_request(self, number: int) -> HttpRecord | None:
        """One request, with its bodies."""
        return self._capture.http.one(number)

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""
        return {
            number: (*traffic.frames, *traffic.bytes)  # type: ignore[misc]
            for number, traffic in self._capture.traffic().items()
        }

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""
        return self._capture.left_out()

    def _index(self, query: Query) -> Index:
        index = self._indexes.get(query)
        if index is None:
            index = Index(
                self._db,
                self._blocks,
                self._read,
                query,
                self.connection,
                self._rules,
                self._now,
                self._notes,
            )
            self._indexes[query] = index
            while len(self._indexes) > INDEXES:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(query)
        return index

    def _by_size(self, query: Query, order: str, start: int, *, anew: bool) -> list[int]:
        """Ids of a list by size (store.largest), as they were when they were asked for `anew`."""
        key = (query, order, start)
        if anew or self._sized is None or self._sized[0] != key:
            index = self._index(query)
            blocks = filter(None, map(self._blocks.entries, self._first_ids()))
            ids = index.ids[index.place(start) :]
            self._sized = key, by_size(ids, blocks, index.rest, largest=order == "-size")
        return self._sized[1]

    def _first_ids(self) -> list[int]:
        return [row[0] for row in self._db.execute("SELECT first_id FROM block ORDER BY first_id")]

    def _rows(self, ids: Sequence[int]) -> list[Seen]:
        """Frames with the beginning of their payloads."""
        found = list(self._blocks.with_content(ids, ROW_BYTES))
        self._notes.refresh()
        known = self._capture.known_of(
            [record.connection_id << 1 | record.direction for _, record, _ in found],
            [record.message or 0 for _, record, _ in found],
            keep=ROW_BYTES,
        )
        return [
            _put_together(frame_id, record, message, known, self._notes)
            for frame_id, record, message in found
        ]

    def _seen(self, frame_id: int, record: FrameRecord, message: MessageRecord | None) -> Seen:
        if record.message is None or not record.frame.fin:
            return Seen(frame_id, record)
        key = (record.connection_id, int(record.direction), record.message)
        self._notes.refresh()
        note = self._notes.get((record.connection_id, record.direction, record.message))
        return Seen(frame_id, record, self._message(key) or message, self._faults(key), note)

    def _message(self, key: tuple[int, int, int]) -> MessageRecord | None:
        row = self._db.execute(
            "SELECT * FROM message WHERE connection_id = ? AND direction = ? AND number = ?"
            " ORDER BY id DESC",
            key,
        ).fetchone()
        if row is None:
            return None
        try:
            return message_from(row, self._read)
        except TornError:
            return None

    def _faults(self, key: tuple[int, int, int]) -> tuple[FaultRecord, ...]:
        rows = self._db.execute(
            "SELECT * FROM fault WHERE connection_id = ? AND direction = ? AND message = ?"
            " ORDER BY id",
            key,
        )
        found = []
        for row in rows:
            with contextlib.suppress(TornError):
                found.append(fault_from(row, self._read))
        return tuple(found)


def _put_together(
    frame_id: int, record: FrameRecord, message: MessageRecord | None, known: Known, notes: Notes
) -> Seen:
    if record.message is None or not record.frame.fin:
        return Seen(frame_id, record)
    key = (record.connection_id, record.direction, record.message)
    struck = tuple(known.faults.get(key, ()))
    return Seen(frame_id, record, known.messages.get(key, message), struck, notes.get(key))
