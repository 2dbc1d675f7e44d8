"""mitmproxy's `proxyserver` addon without its servers: its options and inject commands stay."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver as MitmProxyserver
from mitmproxy.connection import Address
from mitmproxy.proxy.events import MessageInjected
from mitmproxy.websocket import WebSocketMessage

Inject = Callable[[WebSocketMessage], None]


class Proxyserver(MitmProxyserver):
    """Starts nothing; messages are injected into wsproxy's own connections."""

    name = "proxyserver"

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, Inject] = {}
        """How to inject into an open WebSocket, by the id of its flow."""
        self.addresses: list[Address] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def configure(self, updated: set[str]) -> None:
        super().configure(updated - {"mode", "server"})

    async def setup_servers(self) -> bool:
        return True

    def listen_addrs(self) -> list[Address]:
        return self.addresses

    def inject_event(self, event: MessageInjected[Any]) -> None:
        flow = event.flow
        inject = self.live.get(flow.id) if isinstance(flow, http.HTTPFlow) else None
        if inject is None or not isinstance(event.message, WebSocketMessage):
            raise ValueError("Flow is not from a live connection.")
        if threading.get_ident() == self._thread:
            inject(event.message)
        else:  # from a hook with @concurrent
            self._loop.call_soon_threadsafe(inject, event.message)

    def server_connect(self, data: Any) -> None:
        """There are no servers of mitmproxy's among which to look for loops."""
