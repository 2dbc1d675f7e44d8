"""What the routes of the API work with: narrow ports, and nothing else of the proxy."""

from __future__ import annotations

from dataclasses import dataclass

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
    upstream_url: str
    proxy_url: str = ""
    """Where clients connect; known once the proxy listens."""
