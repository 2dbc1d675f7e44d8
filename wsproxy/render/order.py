"""Frames, what faults did and requests of plain HTTP, told in one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import FaultRecord

Told = Seen | FaultRecord | HttpRecord
"""A frame with what is known of it, or a strike of a fault, or a request."""


def in_order(
    frames: Iterable[Seen], faults: Iterable[FaultRecord], http: Iterable[HttpRecord] = ()
) -> Iterator[Told]:
    """All by time; a fault comes after the frame that it struck, a request when it has ended."""
    return merge(frames, faults, http, key=time_of)


def time_of(told: Told) -> float:
    """When it was, in seconds since the epoch."""
    if isinstance(told, HttpRecord):
        return told.ended or told.started
    return told.time if isinstance(told, FaultRecord) else told.record.time
