"""What the session needs of the world. The adapters of floor 3 fill these in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

from wsproxy.journal import Drained, Journal
from wsproxy.passing import Passing
from wsproxy.queries import Page, Query, RoundTrip, Seen, Timeline, Traffic, Whole
from wsproxy.records import ConnectionRecord, Counted, Direction


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


class Interceptor(Protocol):
    """Somebody who may change what passes on one connection: addons, breakpoints."""

    def wants(self, direction: Direction) -> bool:
        """Whether it may change anything in a direction now; the lane is held while it may.

        When the answer changes, `LiveConnection.reconsider` has to be called.
        """

    async def handle(self, passing: Passing) -> None:
        """Look at a message or control frame before it goes on, and change it or not.

        One at a time in each direction.
        """

    def ended(self) -> None:
        """The connection has ended; its record says how."""


class PromptInterceptor(Interceptor, Protocol):
    """An Interceptor that needs no task where it has nothing to wait for."""

    def begin(self, passing: Passing) -> Awaitable[None] | None:
        """As `handle`, up to where it has to wait; what is returned has to be awaited then."""


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


class Connections(Protocol):
    """The connections that are open."""

    def live(self) -> dict[int, LiveConnection]:
        """By connection id."""


class FaultControl(Protocol):
    """Faults, added and removed while traffic flows; docs/faults.md has the JSON objects."""

    seed: int
    """Where their randomness comes from."""

    def faults(self) -> list[dict[str, Any]]:
        """All faults, in order, each with how often it struck."""

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a fault; raises FaultError."""

    def change(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields of a fault, `enabled` among them; raises KeyError, FaultError."""

    def remove(self, name: str) -> None:
        """Remove a fault; raises KeyError."""

    def populate(self, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put these faults in place of all others, or, if one is wrong, change nothing."""

    def load_scenario(self, text: str) -> list[dict[str, Any]]:
        """Put the faults of a scenario file (YAML) in place of all others; raises FaultError.

        Its seed, if it has one, is the seed from then on.
        """

    def reset(self) -> None:
        """Remove all faults."""

    def kinds(self) -> list[dict[str, Any]]:
        """Every kind of fault with its attributes and what it does."""


class BreakpointControl(Protocol):
    """Breakpoints and what waits at them; docs/api.md has the JSON objects."""

    def breakpoints(self) -> list[dict[str, Any]]:
        """All breakpoints, each with how often it was hit."""

    def add(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Add a breakpoint; raises ValueError that says which field is wrong."""

    def change(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some fields, `enabled` among them; raises KeyError, ValueError."""

    def remove(self, number: int) -> None:
        """Remove a breakpoint, and let go what waits at it; raises KeyError."""

    def held(self) -> list[dict[str, Any]]:
        """What waits, in both directions, the oldest first, and not more than a page can show."""

    def content(self, number: int) -> bytes:
        """All of what one that waits holds; raises KeyError."""

    def forward(self, number: int, content: bytes | None = None) -> None:
        """Let it go, with other content or as it is; raises KeyError."""

    def drop(self, number: int) -> None:
        """Let it go nowhere; raises KeyError."""

    def forward_all(self, direction: Direction | None = None) -> int:
        """Let all go that wait in a direction, or in both; returns how many."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` when anything of this is no longer what it was."""


class CaptureReader(Protocol):
    """The capture, read while it is written.

    Every call may block: it belongs on a thread, always the same one.
    """

    def connections(
        self, after: int = 0, limit: int = 1000, *, newest: bool = False
    ) -> list[ConnectionRecord]:
        """Connections with a higher id than `after`, in order; or the newest ones."""

    def connection(self, number: int) -> ConnectionRecord | None:
        """One connection."""

    def page(
        self,
        query: Query,
        *,
        offset: int | None = None,
        after: int | None = None,
        before: int | None = None,
        limit: int = 100,
        start: int = 0,
        budget: float = 0.1,
    ) -> Page:
        """Rows of a list from `offset` (negative: from its end), or next to a frame id.

        Rows with ids below `start` do not count. `budget` bounds, in seconds, how long unseen
        parts of the capture are looked at. Raises FilterError.
        """

    def frame(self, frame_id: int) -> Seen | None:
        """One frame, whole."""

    def message(self, connection_id: int, direction: Direction, number: int) -> Whole | None:
        """A message and its frames."""

    def pick(self, frame_ids: Sequence[int]) -> Iterator[Seen]:
        """These frames, whole, as far as they are there."""

    def timeline(
        self, connection_id: int | None, start: float | None, end: float | None, buckets: int
    ) -> Timeline | None:
        """What passed over time; None where there is nothing."""

    def round_trips(self, connection_id: int, limit: int) -> list[RoundTrip]:
        """The newest pairs of request and answer, the oldest first."""

    def pair_of(self, frame_id: int) -> RoundTrip | None:
        """The pair that a frame belongs to, if its payload has an id."""

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""

    def close(self) -> None:
        """Close the file."""
