"""Dialling for one client, with hooks told of each connection to a server.

Beside transport.py, this is the only file that relies on what aiohttp keeps to itself: that a
connector makes its connections in `_create_connection`, as ResponseHandler objects whose `closed`
is a future. tests/integration/test_dial_contract.py holds aiohttp to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from wsproxy.relay.http_hooks import ClientHooks, ServerHooks, Socket, Target
from wsproxy.relay.tasks import start_task


class DialRefusedError(aiohttp.ClientConnectionError):
    """A hook did not want the connection."""


class ReportingConnector(aiohttp.TCPConnector):
    """The connections to servers of one client: kept for it alone, each reported to hooks."""

    def __init__(self, hooks: ClientHooks, ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(limit=0, ssl=ssl_context if ssl_context is not None else True)
        self._hooks = hooks
        self._ssl_context = ssl_context
        self._servers: dict[ResponseHandler, ServerHooks] = {}
        self._early: dict[Target, ResponseHandler] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.server: ServerHooks | None = None
        """The connection that the last request went over."""

    async def dial_early(self, target: Target) -> str | None:
        """Open a connection before there is a request for it; returns why that failed, or None."""
        server = self._hooks.server(target)
        if refused := await server.connect():
            return refused
        loop = asyncio.get_running_loop()
        tls = self._context() if target.tls else None
        try:
            _, proto = await loop.create_connection(
                lambda: ResponseHandler(loop), target.host, target.port, ssl=tls
            )
        except OSError as error:
            await server.failed(str(error))
            return str(error)
        self._early[target] = proto
        await self._opened(server, proto)
        return None

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        if connection.protocol is not None:
            self.server = self._servers.get(connection.protocol)
        return connection

    async def _create_connection(self, req: Any, *args: Any, **kwargs: Any) -> ResponseHandler:
        target = Target(req.url.raw_host or "", req.url.port or 0, req.is_ssl())
        early = self._early.pop(target, None)
        if early is not None and early.is_connected():
            return early
        server = self._hooks.server(target)
        if refused := await server.connect():
            raise DialRefusedError(refused)
        try:
            proto = await super()._create_connection(req, *args, **kwargs)
        except (OSError, aiohttp.ClientError) as error:
            await server.failed(str(getattr(error, "os_error", error)))
            raise
        await self._opened(server, proto)
        return proto

    async def aclose(self) -> None:
        """Close what is open, and wait until the hooks know."""
        for early in self._early.values():
            early.close()
        self._early.clear()
        await self.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _opened(self, server: ServerHooks, proto: ResponseHandler) -> None:
        self._servers[proto] = server
        task = start_task(self._watch(server, proto), "a hook of an upstream that left")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        assert proto.transport is not None
        await server.connected(socket_of(proto.transport))

    async def _watch(self, server: ServerHooks, proto: ResponseHandler) -> None:
        closed = proto.closed
        if closed is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await asyncio.shield(closed)
        self._servers.pop(proto, None)
        await server.disconnected()

    def _context(self) -> ssl.SSLContext:
        return self._ssl_context or ssl.create_default_context()


def socket_of(transport: asyncio.BaseTransport) -> Socket:
    """What hooks are told of a socket."""
    tls = transport.get_extra_info("ssl_object")
    cipher = tls.cipher() if tls is not None else None
    return Socket(
        _address(transport, "peername"),
        _address(transport, "sockname"),
        tls.version() if tls is not None else None,
        cipher[0] if cipher else None,
    )


def _address(transport: asyncio.BaseTransport, which: str) -> tuple[str, int]:
    name = transport.get_extra_info(which) or ("", 0)
    return name[0], name[1]
