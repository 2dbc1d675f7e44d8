"""Requests and their answers in a capture."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import chain

from wsproxy.model.queries import RoundTrip
from wsproxy.model.records import Direction, FrameRecord
from wsproxy.payloads.pairing import pairing_key
from wsproxy.store.blockcache import BlockCache, Entries

Content = Callable[[int, FrameRecord], bytes]
"""Gives what the message says that a frame ends; its id comes first."""

SEARCHED = 2000
"""Frames of the connection that are searched for the other half of a pair."""


def round_trips(
    blocks: BlockCache, content: Content, connection_id: int, limit: int
) -> list[RoundTrip]:
    """The pairs among the newest SEARCHED frames of a connection, at most `limit` of them."""
    newest: list[int] = []
    for entries in blocks.of_connection(connection_id):
        newest[:0] = _mine(entries, connection_id)
        if len(newest) >= SEARCHED:
            break
    return _pair(blocks, content, newest[-SEARCHED:])[-limit:]


def pair_of(
    db: sqlite3.Connection, blocks: BlockCache, content: Content, frame_id: int
) -> RoundTrip | None:
    """The pair that a frame belongs to, if the other half is not far away."""
    record = next((record for _, record in blocks.frames([frame_id])), None)
    if record is None or record.message is None:
        return None
    key = pairing_key(content(frame_id, record))
    if key is None:
        return None
    request = record.direction is Direction.UPSTREAM
    near = _later if request else _earlier
    ids = near(db, blocks, record.connection_id, frame_id)
    for other_id, other in blocks.frames(ids[:SEARCHED] if request else ids[-SEARCHED:]):
        if other.direction is record.direction or not other.frame.fin or other.message is None:
            continue
        if pairing_key(content(other_id, other)) == key:
            first, last = (record, other) if request else (other, record)
            ids_of = (frame_id, other_id) if request else (other_id, frame_id)
            return RoundTrip(*ids_of, last.time - first.time, key)
    return None


def _pair(blocks: BlockCache, content: Content, ids: list[int]) -> list[RoundTrip]:
    waiting: dict[str, tuple[int, float]] = {}
    pairs = []
    for frame_id, record in blocks.frames(ids):
        if record.message is None or not record.frame.fin:
            continue
        key = pairing_key(content(frame_id, record))
        if key is None:
            continue
        if record.direction is Direction.UPSTREAM:
            waiting[key] = (frame_id, record.time)
        elif key in waiting:
            request, time = waiting.pop(key)
            pairs.append(RoundTrip(request, frame_id, record.time - time, key))
    return pairs


def _mine(entries: Entries, connection_id: int) -> Iterator[int]:
    for index, key in enumerate(entries.columns[0]):
        if key >> 1 == connection_id:
            yield entries.first_id + index


def _later(
    db: sqlite3.Connection, blocks: BlockCache, connection_id: int, frame_id: int
) -> list[int]:
    ids: list[int] = []
    rows = db.execute(
        "SELECT first_id FROM connection_block WHERE connection_id = ? AND first_id >="
        " (SELECT max(first_id) FROM block WHERE first_id <= ?) ORDER BY first_id",
        (connection_id, frame_id),
    )
    for (first_id,) in rows:
        entries = blocks.entries(first_id)
        if entries is not None:
            ids.extend(i for i in _mine(entries, connection_id) if i > frame_id)
        if len(ids) >= SEARCHED:
            break
    return ids


def _earlier(
    db: sqlite3.Connection, blocks: BlockCache, connection_id: int, frame_id: int
) -> list[int]:
    parts: list[list[int]] = []
    rows = db.execute(
        "SELECT first_id FROM connection_block WHERE connection_id = ? AND first_id <= ?"
        " ORDER BY first_id DESC",
        (connection_id, frame_id),
    )
    for (first_id,) in rows:
        entries = blocks.entries(first_id)
        if entries is not None:
            parts.append([i for i in _mine(entries, connection_id) if i < frame_id])
        if sum(map(len, parts)) >= SEARCHED:
            break
    return list(chain.from_iterable(reversed(parts)))
