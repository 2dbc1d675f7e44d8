"""What messages of a capture say, and their requests and answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from wsproxy.model.queries import RoundTrip, Seen
from wsproxy.payloads.pairs import Exchange
from wsproxy.payloads.sayings import Said, Sayings
from wsproxy.store.blockcache import BlockCache, Entries

Pick = Callable[[Sequence[int]], Iterator[Seen]]
"""Gives these frames, whole."""

SEARCHED = 2000
"""The newest frames of a connection, in which its pairs are looked for."""

NEAR = 500
"""Frames before a frame that are read to know what it says, and after it for its answer."""


def round_trips(
    blocks: BlockCache, pick: Pick, sayings: Sayings, connection_id: int, limit: int
) -> list[RoundTrip]:
    """The pairs among the newest SEARCHED frames of a connection, at most `limit` of them."""
    newest: list[int] = []
    for entries in blocks.of_connection(connection_id):
        newest[:0] = _mine(entries, connection_id)
        if len(newest) >= SEARCHED:
            break
    found: dict[int, RoundTrip] = {}
    for seen in pick(newest[-SEARCHED:]):
        said = sayings.of(seen.id, seen.record, seen.message)
        for exchange in said.exchanges if said is not None else ():
            trip = _trip(exchange)
            if trip is not None:
                found.setdefault(trip.request, trip)
    return list(found.values())[-limit:]


def around(
    db: sqlite3.Connection, blocks: BlockCache, pick: Pick, sayings: Sayings, frame: Seen
) -> tuple[Said | None, RoundTrip | None]:
    """What the message says that a frame ends, and the pair that it belongs to, as far as that
    can be told from the frames near it.
    """
    number = frame.record.connection_id
    for seen in pick(_earlier(db, blocks, number, frame.id)[-NEAR:]):
        sayings.of(seen.id, seen.record, seen.message)
    said = sayings.of(frame.id, frame.record, frame.message)
    exchange = next(filter(None, said.exchanges), None) if said is not None else None
    if exchange is not None and exchange.answered is None:
        for seen in pick(_later(db, blocks, number, frame.id)[:NEAR]):
            sayings.of(seen.id, seen.record, seen.message)
            if exchange.answered is not None:
                break
    return said, _trip(exchange)


def _trip(exchange: Exchange | None) -> RoundTrip | None:
    if exchange is None or exchange.answer is None or exchange.latency is None:
        return None
    return RoundTrip(exchange.request, exchange.answer, exchange.latency, exchange.key)


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
