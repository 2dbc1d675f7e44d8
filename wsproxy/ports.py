"""What the session needs of the world. The adapters of floor 3 fill these in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wsproxy.journal import Drained, Journal
from wsproxy.records import ConnectionRecord


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

    journal: Journal
    """What passes is appended here; after the first chunk, `wake` has to be called."""

    def wake(self) -> None:
        """The journal is no longer empty."""

    def next_connection_id(self) -> int:
        """A number for a new connection, from 1."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""

    def on_pressure(self, paused: Callable[[bool], None]) -> None:
        """Call `paused` with True when the records come too fast, with False when it is over."""

    def forget(self, paused: Callable[[bool], None]) -> None:
        """Undo on_pressure."""


class Watcher(Protocol):
    """Somebody who looks on: the log, the page. No call may block."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or ended."""

    def frames_passed(self, first_id: int, drained: Drained) -> None:
        """Frames passed; they have consecutive ids from `first_id`."""


class Clock(Protocol):
    """Time, handed in so that tests need not wait for it."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` in `delay` seconds; the value returned cancels that."""
