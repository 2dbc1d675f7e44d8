"""Clients one by one, where hooks are told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from wsproxy.engine.dial import ReportingConnector, socket_of
from wsproxy.engine.server import Server
from wsproxy.engine.upstream import Upstream
from wsproxy.relay.http_hooks import ClientHooks, HttpHooks
from wsproxy.relay.tasks import start_task


class Client:
    """A client's connection, with connections of its own to servers."""

    def __init__(
        self, hooks: ClientHooks, upstream: Upstream, transport: asyncio.Transport
    ) -> None:
        self.hooks = hooks
        self.connector = ReportingConnector(hooks, upstream.ssl_context)
        self.upstream = upstream.fork(self.connector)
        self.dead: str | None = None
        """Why the upstream could not be dialled early."""
        self._transport = transport
        self.ready = start_task(self._connected(), "a hook of a new client")

    async def _connected(self) -> None:
        refused = await self.hooks.connected()
        if refused is not None:
            self._transport.close()
            return
        target = self.hooks.dials_early
        if target is not None:
            self.dead = await self.connector.dial_early(target)

    async def gone(self) -> None:
        """The client has left."""
        await asyncio.wait([self.ready])
        await self.hooks.disconnected()
        await self.upstream.close()
        await self.connector.aclose()


class ReportingServer(Server):
    """aiohttp's server, which tells hooks of clients that come and go."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        hooks: HttpHooks,
        upstream: Upstream,
        **options: Any,
    ) -> None:
        super().__init__(handler, **options)
        self._hooks = hooks
        self._upstream = upstream
        self._clients: dict[object, Client] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        hooks = self._hooks.client(socket_of(transport))
        self._clients[handler] = Client(hooks, self._upstream, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        client = self._clients.pop(handler, None)
        if client is not None:
            task = start_task(client.gone(), "a hook of a client that left")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def client_of(self, request: web.BaseRequest) -> Client | None:
        """The client that sent a request; None if it has left."""
        return self._clients.get(request.protocol)

    async def all_gone(self) -> None:
        """Wait until hooks know of all that left."""
        if self._leaving:
            await asyncio.wait(self._leaving)
