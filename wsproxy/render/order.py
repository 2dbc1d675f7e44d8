"""Frames and what faults did, told in one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from wsproxy.model.records import FaultRecord, FrameRecord

Told = tuple[int, FrameRecord] | FaultRecord
"""A frame with its id, or a strike of a fault."""


def in_order(
    frames: Iterable[tuple[int, FrameRecord]], faults: Iterable[FaultRecord]
) -> Iterator[Told]:
    """Both by time; a fault comes after the frame that it struck."""
    return merge(frames, faults, key=_time)


def _time(told: Told) -> float:
    return told.time if isinstance(told, FaultRecord) else told[1].time
