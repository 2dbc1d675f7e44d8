"""What the fleet needs of the rest: a capture to send, a capture to fold into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from wsproxy.model.batches import Batch
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord

Place = tuple[int, int]
"""Where a block begins in a capture; later ones compare greater."""


Placed = tuple[Batch, Place]
"""A batch, and where the next one begins."""


class Source(Protocol):
    """A capture, read in the order it was written. Every call may block."""

    def kept(self) -> dict[str, Any]:
        """What `keep` was given last, by this process or one before it."""

    def keep(self, value: dict[str, Any]) -> None:
        """Keep a few values with the capture; raises OSError."""

    def next_connection(self) -> int:
        """A number above those of all connections."""

    def backlog(self, place: Place) -> tuple[int, float]:
        """Bytes from `place` on, and when the first of them passed."""

    def start(self) -> Place:
        """Where the oldest block is that the capture still has."""

    def batches(self, place: Place, end: Place, size: int) -> tuple[list[Placed], Place]:
        """What was written from `place` on and before `end`, about `size` bytes of it, and where it
        goes on.
        """

    def connections(self, ids: Sequence[int]) -> list[ConnectionRecord]:
        """These connections, as they are now."""

    def notes(self) -> list[NoteRecord]:
        """Notes that were written since the last call; at the first, all."""

    def connection_ids(self, first: int) -> list[int]:
        """The ids of all connections from `first` on."""

    def close(self) -> None:
        """Close the files."""


class Part(NamedTuple):
    """What one message of the stream says of one instance's capture."""

    instance: str
    capture: str
    """Which capture of the instance it is; numbers of connections and frames are its own."""
    connections: list[ConnectionRecord]
    batches: list[Placed]
    notes: list[NoteRecord]


class Origin(NamedTuple):
    """Where something of the view comes from."""

    instance: str
    capture: str
    number: int
    """Of the connection or of the frame, in that capture."""


class Folded(NamedTuple):
    """A Part as the view has it: numbers are the view's."""

    connections: Sequence[tuple[ConnectionRecord, tuple[str, str, int]]]
    """Each with its Origin."""
    batches: Sequence[Batch]


class StreamPlace(NamedTuple):
    """Up to where a stream was read."""

    created: str
    """When the stream was made: a new one of the same name counts anew."""
    sequence: int


class Sink(Protocol):
    """A capture that is folded from those of many instances. Every call may block."""

    def place(self) -> StreamPlace:
        """Up to where everything is in it."""

    def fold(
        self, parts: Sequence[Part], place: StreamPlace
    ) -> tuple[
        Sequence[tuple[ConnectionRecord, tuple[str, str, int]]],
        Sequence[Batch],
    ]:
        """Add what it does not have yet, all or, with an exception, nothing."""

    def close(self) -> None:
        """Close the files."""
