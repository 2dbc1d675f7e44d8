"""What the forms need of a capture, and what they give of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from wsproxy.errors import WsproxyError
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)

Told = ConnectionRecord | Seen | FaultRecord | HttpRecord
"""What a capture tells, in order; a connection comes before what passed on it."""


class LeftOut(NamedTuple):
    """What a file lacks."""

    why: str
    frames: int
    bytes: int


Imported = (
    ConnectionRecord | FrameRecord | MessageRecord | FaultRecord | NoteRecord | HttpRecord | LeftOut
)
"""What a file tells, in order. A connection comes before its frames (and may come again, when it
has ended), a message after the frame that ends it, a note after what it is about."""


class CaptureReader(Protocol):
    """A capture."""

    def connections(self) -> list[ConnectionRecord]:
        """All connections, in the order they came."""

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        """The frames of a connection, or of all, in the order they came."""

    def fault_records(self, connection_id: int | None = None) -> Iterable[FaultRecord]:
        """What faults did, in the order they struck."""

    def http(self) -> Iterable[HttpRecord]:
        """Requests of plain HTTP with their bodies, in the order they ended."""

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""


class StreamWriter(Protocol):
    """Writes what it is told as it comes; a connection may come again when it has ended, and comes
    with that after all that passed on it.
    """

    def add(self, thing: Told) -> None:
        """Write what can be written by now."""

    def finish(self) -> None:
        """There is no more."""


class FormatError(WsproxyError):
    """A file that is not what it was taken for, or is damaged: says where."""
