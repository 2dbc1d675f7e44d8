"""Frames and what faults did, told in one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from wsproxy.model.queries import Seen
from wsproxy.model.records import FaultRecord

Told = Seen | FaultRecord
"""A frame with what is known of it, or a strike of a fault."""


def in_order(frames: Iterable[Seen], faults: Iterable[FaultRecord]) -> Iterator[Told]:
    """Both by time; a fault comes after the frame that it struck."""
    return merge(frames, faults, key=_time)


def _time(told: Told) -> float:
    return told.time if isinstance(told, FaultRecord) else told.record.time
