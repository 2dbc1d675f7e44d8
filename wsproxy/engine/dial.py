"""Connections to servers: dialled, kept for the next request, reported to hooks."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address

import aiohappyeyeballs

from wsproxy.engine.outgoing import Answer, Body, CutOffError, Outgoing
from wsproxy.protocol.handshake import Headers
from wsproxy.relay.http_hooks import ClientHooks, HttpRequest, ServerHooks, Socket, Target
from wsproxy.relay.tasks import start_task

IDLE_SECONDS = 15.0
"""How long a connection is kept for another request."""

CONNECT_SECONDS = 10.0
"""How long a server has to take a connection, TLS included."""

CLOSE_SECONDS = 1.0
"""How long to wait for sockets that are closed already in all but name."""

_AGAIN = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""What may be asked twice (RFC 9110, section 9.2.2), where a kept connection turned out dead."""

Address = tuple[str, int]

Ends = str
"""The client's address of a connection and the server's. The client's alone is not enough: the
system gives one port to several connections that go to different servers."""


class DialError(Exception):
    """There is no connection; its cause says why, or its text if a hook did not want it."""


class Pool:
    """The connections to servers of one client, or of all clients."""

    def __init__(
        self, hooks: ClientHooks, tls: Callable[[], ssl.SSLContext], own: set[Ends]
    ) -> None:
        """`tls` gives what servers are verified with; `own` gets the local addresses of all open
        connections, by which a proxy that is its own upstream knows itself.
        """
        self._hooks = hooks
        self._tls = tls
        self._own = own
        self._idle: dict[Target, dict[Outgoing, asyncio.TimerHandle]] = {}
        self._open: dict[Outgoing, tuple[ServerHooks, Ends]] = {}
        self._all_closed: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.server: ServerHooks | None = None
        """The connection that the last request went over."""

    async def dial_early(self, target: Target, seconds: float) -> str | None:
        """Open a connection before there is a request for it; returns why that failed, or None."""
        try:
            connection = await self._dial(target, seconds)
        except DialError as error:
            return str(error)
        self.released(connection)
        return None

    async def ask(
        self, request: HttpRequest, headers: Headers, body: Body, seconds: float
    ) -> Answer:
        """Send a request; raises as Outgoing.ask does, and DialError."""
        kept = self._take(request.target)
        # An upgrade is asked for once.
        again = kept is not None and kept.used and request.method in _AGAIN and not body
        connection = kept or await self._dial(request.target, seconds)
        self.server = self._hooks_of(connection)
        try:
            return await connection.ask(request.method, request.path, headers, body, seconds)
        except (CutOffError, ConnectionResetError, BrokenPipeError):
            if not again:
                raise
        connection = await self._dial(request.target, seconds)
        self.server = self._hooks_of(connection)
        return await connection.ask(request.method, request.path, headers, body, seconds)

    async def aclose(self) -> None:
        """Close what is idle, and wait until the hooks know of all that is closed."""
        for connection in [c for kept in self._idle.values() for c in kept]:
            connection.abort()
        if self._open:
            self._all_closed = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._all_closed], timeout=CLOSE_SECONDS)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _take(self, target: Target) -> Outgoing | None:
        kept = self._idle.get(target, {})
        while kept:
            connection, timer = kept.popitem()
            timer.cancel()
            if connection.idle:
                return connection
            connection.abort()
        return None

    def _hooks_of(self, connection: Outgoing) -> ServerHooks | None:
        hooks, _ = self._open.get(connection, (None, ""))
        return hooks

    # outgoing.Owner

    def released(self, connection: Outgoing) -> None:
        # Closing takes it out again.
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, connection.transport.close)
        self._idle.setdefault(connection.target, {})[connection] = timer

    def closed(self, connection: Outgoing) -> None:
        if connection not in self._open:
            return  # it is being dialled
        server, ends = self._open.pop(connection)
        self._own.discard(ends)
        for kept in self._idle.values():
            if (timer := kept.pop(connection, None)) is not None:
                timer.cancel()
        if self._all_closed is not None and not self._open and not self._all_closed.done():
            self._all_closed.set_result(None)
        task = start_task(server.disconnected(), "a hook of an upstream that left")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dial(self, target: Target, seconds: float) -> Outgoing:
        server = self._hooks.server(target)
        if refused := await server.connect():
            raise DialError(refused)
        loop = asyncio.get_running_loop()
        tls = self._tls() if target.tls else None
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, seconds)):
                found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
                sock = await aiohappyeyeballs.start_connection(
                    found, happy_eyeballs_delay=0.25, loop=loop
                )
                _, connection = await loop.create_connection(
                    lambda: Outgoing(target, self),
                    sock=sock,
                    ssl=tls,
                    server_hostname=target.host if tls else None,
                )
        except (OSError, TimeoutError) as error:
            await server.failed(str(error))
            raise DialError(str(error)) from error
        ends = ends_of(connection.transport, "sockname", "peername")
        self._open[connection] = server, ends
        self._own.add(ends)
        if connection.lost:
            self.closed(connection)
        try:
            await server.connected(socket_of(connection.transport))
        except BaseException:
            connection.abort()
            raise
        return connection


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


def ends_of(transport: asyncio.BaseTransport, client: str, server: str) -> Ends:
    """Which of `peername` and `sockname` is the client's, and which the server's."""
    return f"{_plain(transport, client)} {_plain(transport, server)}"


def _plain(transport: asyncio.BaseTransport, which: str) -> str:
    host, port = _address(transport, which)
    return f"{host.removeprefix('::ffff:')}:{port}"  # IPv4 is that on an IPv6 socket, too


def _address(transport: asyncio.BaseTransport, which: str) -> Address:
    name = transport.get_extra_info(which) or ("", 0)
    return name[0], name[1]


async def is_own_address(target: Target, listen_host: str, listen_port: int) -> bool:
    """Whether a server is what listens there itself."""
    if target.port != listen_port:
        return False
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        own = await loop.getaddrinfo(listen_host, listen_port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    addresses = {info[4][0] for info in own}
    everywhere = not addresses.isdisjoint({"0.0.0.0", "::"})  # noqa: S104 - compared, not used
    return any(
        info[4][0] in addresses or (everywhere and ip_address(info[4][0]).is_loopback)
        for info in found
    )
