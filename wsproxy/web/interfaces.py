"""What the page and its API need of the rest of the proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteKey, NoteRecord
from wsproxy.model.queries import Page, Query, RoundTrip, Seen, Timeline, Traffic, Whole
from wsproxy.model.records import ConnectionRecord, Counted, Direction
from wsproxy.payloads.http import HttpSayings
from wsproxy.payloads.sayings import Said, Sayings


class SteeredConnection(Protocol):
    """An open connection (relay.interfaces.LiveConnection), here or at another instance.

    What a call returns is awaited, if it is anything; raises NotReachedError.
    """

    connection: ConnectionRecord

    def inject(
        self, direction: Direction, opcode: int, content: bytes, cause: str
    ) -> Awaitable[None] | None:
        """Send a message or control frame that no peer sent."""

    def close(self, code: int, reason: str, cause: str) -> Awaitable[None] | None:
        """Send Close to both peers."""

    def reset(self, cause: str) -> Awaitable[None] | None:
        """Cut both sockets off with a TCP reset."""

    def pause(self, direction: Direction, paused: bool) -> Awaitable[None] | None:
        """Read nothing from the sender of a direction, or go on."""


class Connections(Protocol):
    """The connections that are open, and the requests that wait for an answer."""

    def live(self) -> Mapping[int, SteeredConnection]:
        """By connection id."""

    def asking(self) -> list[HttpRecord]:
        """Requests of plain HTTP that have no whole answer yet, the oldest first."""


class Metrics(Protocol):
    """What Prometheus is told."""

    def text(self, left_out: Mapping[str, Counted]) -> bytes:
        """All metrics, in its format. `left_out`: what the capture lacks, by reason."""


class Fleet(Protocol):
    """The fleet that is shown."""

    def state(self) -> dict[str, Any]:
        """All instances, and how far the view has followed them; docs/fleet.md has the object."""


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

    def check(self, asked: dict[str, Any] | str) -> tuple[list[str], int | None]:
        """What a fault, or the text of a scenario file, will do, in plain English, a line a fault;
        and the scenario's seed. Raises FaultError.
        """

    def load_scenario(self, text: str) -> list[dict[str, Any]]:
        """Put the faults of a scenario file (YAML) in place of all others; raises FaultError.

        Its seed, if it has one, is the seed from then on.
        """

    def reset(self) -> None:
        """Remove all faults."""

    def types(self) -> list[dict[str, Any]]:
        """Every type of fault with its attributes and what it does."""


class BreakpointControl(Protocol):
    """Breakpoints and what waits at them; docs/api.md has the JSON objects.

    What is awaitable is awaited; it may raise NotReachedError.
    """

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

    def content(self, number: int) -> bytes | Awaitable[bytes]:
        """All of what one that waits holds; raises KeyError."""

    def forward(self, number: int, content: bytes | None = None) -> Awaitable[None] | None:
        """Let it go, with other content or as it is; raises KeyError."""

    def drop(self, number: int) -> Awaitable[None] | None:
        """Let it go nowhere; raises KeyError."""

    def forward_all(self, direction: Direction | None = None) -> int | Awaitable[int]:
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
        order: str = "",
        budget: float = 0.1,
    ) -> Page:
        """Rows of a list from `offset` (negative: from its end), or next to a frame id.

        `order` is `size` or `-size`: the 5,000 smallest or largest ones, as they are when those from
        the first on are asked for.
        Rows with ids below `start` do not count. `budget` bounds, in seconds, how long unseen
        parts of the capture are looked at. Raises FilterError.
        """

    def frame(self, frame_id: int) -> Seen | None:
        """One frame, whole."""

    def message(self, connection_id: int, direction: Direction, number: int) -> Whole | None:
        """A message and its frames."""

    def last_frame(self, connection_id: int, direction: Direction, number: int) -> int | None:
        """The id of the frame that ends a message; None if there is none."""

    def note(self, key: NoteKey) -> NoteRecord | None:
        """The note on a message or connection."""

    def notes(self) -> list[NoteRecord]:
        """All notes and bookmarks, by connection and message."""

    def pick(self, frame_ids: Sequence[int]) -> Iterator[Seen]:
        """These frames, whole, as far as they are there."""

    def timeline(
        self, connection_id: int | None, start: float | None, end: float | None, buckets: int
    ) -> Timeline | None:
        """What passed over time; None where there is nothing."""

    def round_trips(self, connection_id: int, limit: int) -> list[RoundTrip]:
        """The newest pairs of request and answer, the oldest first."""

    def said(self, frame_id: int) -> tuple[Said | None, RoundTrip | None]:
        """What the message says that a frame ends, and the pair that it belongs to."""

    def sayings(self) -> Sayings:
        """For messages of this capture, by the user's rules."""

    def http(
        self, after: int, limit: int, *, newest: bool, of: ConnectionRecord | None
    ) -> list[HttpRecord]:
        """Requests of plain HTTP with a higher id than `after`, with the beginning of bodies.

        `of`: only those of the client that made this connection.
        """

    def http_request(self, number: int) -> HttpRecord | None:
        """One of them, with its bodies."""

    def http_sayings(self) -> HttpSayings:
        """For these requests, by the user's rules."""

    def traffic(self) -> dict[int, Traffic]:
        """How much passed on each connection, as far as the capture still has it."""

    def left_out(self) -> dict[str, Counted]:
        """What the record lacks, by reason."""

    def close(self) -> None:
        """Close the file."""
