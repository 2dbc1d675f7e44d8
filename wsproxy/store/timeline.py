"""What passed over time, summed up into buckets."""

from __future__ import annotations

import sqlite3
import time as time_module

from wsproxy.model.queries import Bucket, Timeline
from wsproxy.store.blockcache import BlockCache
from wsproxy.store.rows import Read, fault_from

MAX_FAULTS = 2000
"""Strikes that one timeline lists; all are counted."""


def timeline(
    db: sqlite3.Connection,
    blocks: BlockCache,
    read: Read,
    connection_id: int | None,
    start: float | None,
    end: float | None,
    buckets: int,
) -> Timeline | None:
    """Sum up the frames of a connection, or of all, from `start` to `end` (None: all there is)."""
    first_ids = _blocks_of(db, connection_id, start)
    span = _span(blocks, first_ids, connection_id, start, end)
    if span is None:
        return None
    start, end = span
    step = max((end - start) / buckets, 0.001)
    # Per bucket: messages, control frames, bytes, largest frame; each upstream, downstream.
    sums = [[0] * 8 for _ in range(buckets)]
    for first_id in first_ids:
        entries = blocks.entries(first_id)
        if entries is None:
            continue
        time_module.sleep(0)  # the relay has the same interpreter
        previous = (-1, -1)
        columns = entries.columns
        rows_ = zip(columns.keys, columns.times, columns.sizes, columns.numbers, strict=True)
        for key, time, size, message in rows_:
            if time < start or time > end or (connection_id not in (None, key >> 1)):
                continue
            counted = sums[min(int((time - start) / step), buckets - 1)]
            down = key & 1
            if not message:
                counted[2 + down] += 1
            elif (key, message) != previous:  # further fragments count by their bytes only
                counted[down] += 1
                previous = (key, message)
            counted[4 + down] += size
            counted[6 + down] = max(counted[6 + down], size)
    where = "FROM fault WHERE time BETWEEN ? AND ?"
    which: tuple[float, ...] = (start, end)
    if connection_id is not None:
        where += " AND connection_id = ?"
        which += (connection_id,)
    rows = db.execute(f"SELECT * {where} ORDER BY id LIMIT ?", (*which, MAX_FAULTS))
    strikes = [0] * buckets
    for bucket, count in db.execute(
        f"SELECT CAST((time - ?) / ? AS INTEGER), count(*) {where} GROUP BY 1",
        (start, step, *which),
    ):
        strikes[min(bucket, buckets - 1)] += count
    return Timeline(
        start,
        step,
        [Bucket((a, b), (c, d), (e, f), (g, h)) for a, b, c, d, e, f, g, h in sums],
        [fault_from(row, read) for row in rows],
        strikes,
    )


def _blocks_of(db: sqlite3.Connection, connection_id: int | None, start: float | None) -> list[int]:
    where = "WHERE last_time >= ?"
    rows = (
        db.execute(f"SELECT first_id FROM block {where} ORDER BY first_id", (start or 0.0,))
        if connection_id is None
        else db.execute(
            f"SELECT first_id FROM connection_block JOIN block USING (first_id) {where}"
            " AND connection_id = ? ORDER BY first_id",
            (start or 0.0, connection_id),
        )
    )
    return [row[0] for row in rows]


def _span(
    blocks: BlockCache,
    first_ids: list[int],
    connection_id: int | None,
    start: float | None,
    end: float | None,
) -> tuple[float, float] | None:
    """The given times, or those of the first and last frame."""

    def times(first_id: int) -> list[float]:
        entries = blocks.entries(first_id)
        if entries is None:
            return []
        keys, when, *_ = entries.columns
        if connection_id is None:
            return list(when)
        return [t for k, t in zip(keys, when, strict=True) if k >> 1 == connection_id]

    if start is not None and end is not None:
        return start, max(end, start + 0.001)
    if not first_ids:
        return None
    if start is None:
        start = min(times(first_ids[0]), default=None)
    if end is None:
        end = max(times(first_ids[-1]), default=None)
    if start is None or end is None:
        return None
    return start, max(end, start + 0.001)
