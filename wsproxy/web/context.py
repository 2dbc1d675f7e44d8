"""What the routes of the API work with: narrow ports, and nothing else of the proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from wsproxy.model.notes import NoteRecord
from wsproxy.relay.interfaces import Clock
from wsproxy.web.beside import Beside
from wsproxy.web.interfaces import BreakpointControl, Connections, FaultControl, Fleet, Metrics
from wsproxy.web.reading import Reading
from wsproxy.web.totals import Totals


@dataclass(slots=True)
class Steering:
    """What acts on live connections."""

    connections: Connections
    breakpoints: BreakpointControl
    faults: FaultControl | None


@dataclass(slots=True)
class Context:
    """Handed to every route."""

    reading: Reading
    live: Steering | None
    """None where a saved capture is shown: no route needs it then."""
    totals: Totals
    clock: Clock
    keep_note: Callable[[NoteRecord], Awaitable[None]]
    """Writes a note into the capture, now or in a moment; raises WsproxyError."""
    upstream_url: str
    """The server behind; or the name of what is shown."""
    beside: Beside
    routes: Sequence[tuple[str, str]] = ()
    """Where clients connect, and the server behind, of each route."""
    proxy_url: str = ""
    """Where clients connect; known once the proxy listens."""
    metrics: Metrics | None = None
    """None without the extra."""
    metrics_public: bool = False
    """Whether metrics need no token."""
    fleet: Fleet | None = None
    """Where a fleet is shown."""

    @property
    def steering(self) -> Steering:
        """What routes that steer work with."""
        assert self.live is not None
        return self.live
