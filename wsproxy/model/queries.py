"""What somebody asks of a capture, and what the answer looks like: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import FaultRecord, FrameRecord, MessageRecord


@dataclass(frozen=True, slots=True)
class Query:
    """Which frames to list. Equal queries share one index."""

    connection_id: int | None = None
    """None: those of all connections."""
    filter: str = ""
    """In the filter language (`filters.parse`); empty: everything."""
    control: bool = True
    """Whether control frames are listed."""
    fragments: bool = True
    """Whether every fragment is listed; if not, a message is listed once, by its last frame."""
    since: float | None = None
    until: float | None = None
    """Seconds since the epoch."""

    @property
    def plain(self) -> bool:
        """Whether counting needs no look at any payload."""
        return not self.filter and self.since is None and self.until is None


class Seen(NamedTuple):
    """A frame and what is known of it."""

    id: int
    record: FrameRecord
    message: MessageRecord | None = None
    """Of the message that the frame ends, if that says more than the frame."""
    faults: tuple[FaultRecord, ...] = ()
    """Those that struck the message that the frame ends."""
    note: NoteRecord | None = None
    """On the message that the frame ends."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list."""

    rows: list[Seen]
    offset: int
    """The place of the first row in the list, from 0."""
    total: int
    """How many rows the list has, as far as it was looked at."""
    upto: int
    """The highest frame id that was looked at."""
    complete: bool
    """Whether all that is captured was looked at; if not, ask again."""


class Whole(NamedTuple):
    """A message with the ids of its frames."""

    frame_ids: list[int]
    record: MessageRecord | None
    faults: tuple[FaultRecord, ...]


class Bucket(NamedTuple):
    """What passed in one stretch of a timeline; each pair is (upstream, downstream)."""

    messages: tuple[int, int]
    control: tuple[int, int]
    bytes: tuple[int, int]
    largest: tuple[int, int]
    """Bytes of the largest frame."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What passed over time."""

    start: float
    """Seconds since the epoch."""
    step: float
    """Seconds that a bucket spans."""
    buckets: list[Bucket]
    faults: list[FaultRecord]
    """Those that struck in that time, the first ones."""
    strikes: list[int]
    """How often faults struck in each bucket: all of them."""


class RoundTrip(NamedTuple):
    """A request and its answer, paired by the id in their payloads."""

    request: int
    """The frame id of the request."""
    answer: int
    seconds: float
    key: str
    """The id that both carry."""


Traffic = tuple[int, int, int, int]
"""Frames upstream, frames downstream, bytes upstream, bytes downstream."""
