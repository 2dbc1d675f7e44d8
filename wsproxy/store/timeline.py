"""What passed over time, summed up into buckets."""

from __future__ import annotations

import sqlite3
import time as time_module
from itertools import pairwise

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
    last_times = _blocks_of(db, connection_id, start)
    first_ids = list(last_times)
    span = _span(blocks, last_times, connection_id, start, end)
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


def _blocks_of(
    db: sqlite3.Connection, connection_id: int | None, start: float | None
) -> dict[int, float]:
    """The last time of each block, by the id of its first frame, in order."""
    where = "WHERE last_time >= ?"
    rows = (
        db.execute(
            f"SELECT first_id, last_time FROM block {where} ORDER BY first_id", (start or 0.0,)
        )
        if connection_id is None
        else db.execute(
            f"SELECT first_id, last_time FROM connection_block JOIN block USING (first_id) {where}"
            " AND connection_id = ? ORDER BY first_id",
            (start or 0.0, connection_id),
        )
    )
    return dict(rows)


def _span(
    blocks: BlockCache,
    last_times: dict[int, float],
    connection_id: int | None,
    start: float | None,
    end: float | None,
) -> tuple[float, float] | None:
    """The given times, or those of the earliest and latest frame."""

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
    found = [time for first_id in _outermost(last_times) for time in times(first_id)]
    if not found:
        return None
    start = min(found) if start is None else start
    end = max(found) if end is None else end
    return start, max(end, start + 0.001)


def _outermost(last_times: dict[int, float]) -> list[int]:
    """The blocks that may have the earliest or the latest frame: the first and the last one and,
    where the clock was set back, those around that.
    """
    first_ids = list(last_times)
    outermost = {*first_ids[:1], *first_ids[-1:]}
    for before, first_id in pairwise(first_ids):
        if last_times[first_id] < last_times[before]:
            outermost |= {before, first_id}
    return sorted(outermost)
