"""What the relay needs of the world; adapters fill these in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from wsproxy.model.batches import Batch
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, Direction


class Transport(Protocol):
    """One peer's socket."""

    def write(self, data: bytes) -> None:
        """Send without waiting; what the peer does not take is buffered."""

    def write_eof(self) -> bool:
        """Send FIN after what is buffered and go on reading; False where that cannot be (TLS)."""

    def pause_reading(self) -> None:
        """Take no more from the peer; may be called twice."""

    def resume_reading(self) -> None:
        """Undo pause_reading; may be called without it."""

    def close(self) -> None:
        """Close after what is buffered was sent."""

    def reset(self) -> None:
        """Break off: the peer sees a TCP reset."""


class Recorder(Protocol):
    """Where records go. No call may block."""

    @property
    def next_frame_id(self) -> int:
        """The id of the first frame that it will be given."""

    def next_connection_id(self) -> int:
        """A number for a new connection, from 1."""

    def next_http_id(self) -> int:
        """A number for a request of plain HTTP, from 1."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""

    def write(self, batch: Batch) -> None:
        """Keep what passed."""

    def leave_out(self, why: str, size: int) -> None:
        """Count `size` bytes of the wire that will not be in the record."""

    def on_pressure(self, pressed: Callable[[bool], None]) -> None:
        """Call `pressed` with True when the records come too fast, with False when it is over."""


class Watcher(Protocol):
    """Somebody who looks on: the log, the page. No call may block."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""

    def passed(self, batch: Batch) -> None:
        """Frames passed, faults struck, messages were decided."""


class Interceptor(Protocol):
    """Somebody who may change what passes on one connection: addons, breakpoints."""

    def wants(self, direction: Direction) -> bool:
        """Whether it may change anything in a direction now; the lane is held while it may.

        When the answer changes, `LiveConnection.reconsider` has to be called.
        """

    def handle(self, in_flight: InFlightMessage) -> Awaitable[None] | None:
        """Look at a message or control frame before it goes on, and change it or not.

        One at a time in each direction. None where nothing has to be waited for; else what is
        returned is awaited before the message goes on.
        """

    def ended(self) -> None:
        """The connection has ended; its record says how."""


class LiveConnection(Protocol):
    """An open connection, as those see it who steer it."""

    connection: ConnectionRecord

    def reconsider(self) -> None:
        """Ask all interceptors and faults anew whether they want anything."""

    def inject(self, direction: Direction, opcode: int, content: bytes, cause: str) -> None:
        """Send a message or control frame that no peer sent, after what is under way.

        It passes through the interceptors like any other.
        """

    def close(self, code: int, reason: str, cause: str) -> None:
        """Send Close to both peers, and close the sockets when they had time to answer."""

    def reset(self, cause: str) -> None:
        """Cut both sockets off with a TCP reset."""

    def pause(self, direction: Direction, paused: bool) -> None:
        """Read nothing from the sender of a direction, or go on."""

    def waiting(self, direction: Direction) -> int:
        """Bytes of a direction that wait to go on, those of a message that is held among them."""

    def add_note(self, note: NoteRecord) -> None:
        """Keep what somebody wrote down about the connection or one of its messages."""


class Interception(Protocol):
    """Somebody who wants to intercept connections."""

    def attach(self, live: LiveConnection) -> Interceptor | None:
        """A connection was opened; None if it is of no interest for good."""


class Clock(Protocol):
    """Time, handed in so that tests need not wait for it."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` in `delay` seconds; the value returned cancels that."""
