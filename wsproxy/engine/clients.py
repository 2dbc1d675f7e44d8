"""Clients one by one, where hooks are told of them; all as one, where nobody is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from wsproxy.engine.dial import Ends, Pool, socket_of
from wsproxy.engine.nohooks import NoClient
from wsproxy.engine.server import Handle, Limits, Server
from wsproxy.engine.upstream import Upstream
from wsproxy.relay.http_hooks import ClientHooks, HttpHooks
from wsproxy.relay.tasks import start_task

LEAVE_SECONDS = 1.0
"""How long the last hooks of clients that have left may take when the proxy stops."""


class Client:
    """A client's connection (or all of them), with connections of its own to servers."""

    def __init__(self, hooks: ClientHooks, pool: Pool) -> None:
        self.hooks = hooks
        self.pool = pool
        self.dead: str | None = None
        """Why the upstream could not be dialled early."""
        self.ready: asyncio.Task[None] | None = None
        """Its first hooks, which a request waits for."""

    async def connected(self, transport: asyncio.Transport, upstream: Upstream) -> None:
        """A client has come: tell the hooks, and dial if they want it."""
        refused = await self.hooks.connected()
        if refused is not None:
            transport.close()
            return
        target = self.hooks.dials_early
        if target is not None:
            self.dead = await self.pool.dial_early(target, upstream.timeout)

    async def gone(self) -> None:
        """The client has left."""
        if self.ready is not None:
            await asyncio.wait([self.ready])
        await self.hooks.disconnected()
        await self.pool.aclose()


class ClientServer(Server):
    """A server that knows its clients."""

    def __init__(
        self,
        handler: Handle,
        limits: Limits,
        hooks: HttpHooks | None,
        upstream: Upstream,
        tls: Callable[[], ssl.SSLContext],
        **options: Any,
    ) -> None:
        super().__init__(handler, limits, **options)
        self._hooks = hooks
        self._upstream = upstream
        self._tls = tls
        self.own_connections: set[Ends] = set()
        """The ends of all open connections to servers."""
        self._everyone = Client(NoClient(), Pool(NoClient(), tls, self.own_connections))
        self._clients: dict[object, Client] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def client_joined(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        if self._hooks is None:
            return
        hooks = self._hooks.client(socket_of(transport))
        client = self._clients[handler] = Client(
            hooks, Pool(hooks, self._tls, self.own_connections)
        )
        connected = client.connected(transport, self._upstream)
        client.ready = start_task(connected, "the first hooks of a client")

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        client = self._clients.pop(handler, None)
        if client is not None:
            self._left(client)

    def hand_over(self, handler: RequestHandler) -> Callable[[], None]:
        left = super().hand_over(handler)
        client = self._clients.pop(handler, None)
        if client is None:
            return left

        def both() -> None:
            left()
            self._left(client)

        return both

    def _left(self, client: Client) -> None:
        task = start_task(client.gone(), "the last hooks of a client")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def client_of(self, request: web.BaseRequest) -> Client | None:
        """The client that sent a request; None if it has left."""
        if self._hooks is None:
            return self._everyone
        return self._clients.get(request.protocol)

    async def all_gone(self) -> None:
        """Wait until hooks know of all that left, but not for a hook that does not end."""
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=LEAVE_SECONDS)
            for task in late:
                task.cancel()
        await self._everyone.pool.aclose()
