"""What the routes of the API work with: narrow ports, and nothing else of the proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wsproxy.model.notes import NoteRecord
from wsproxy.relay.interfaces import Clock
from wsproxy.web.interfaces import BreakpointControl, Connections, FaultControl
from wsproxy.web.reading import Reading
from wsproxy.web.totals import Totals


@dataclass(slots=True)
class Context:
    """Handed to every route."""

    reading: Reading
    connections: Connections
    breakpoints: BreakpointControl
    faults: FaultControl | None
    totals: Totals
    clock: Clock
    keep_note: Callable[[NoteRecord], Awaitable[None]]
    """Writes a note into the capture, now or in a moment; raises WsproxyError."""
    upstream_url: str
    proxy_url: str = ""
    """Where clients connect; known once the proxy listens."""
