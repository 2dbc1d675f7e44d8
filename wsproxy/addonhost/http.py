"""The HTTP lifecycle in mitmproxy's words: clients, servers and exchanges fire its hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from mitmproxy import hooks, http, options, version
from mitmproxy.connection import ConnectionState, Server
from mitmproxy.flow import Error
from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.proxy import server_hooks
from mitmproxy.proxy.layers.http._base import format_error
from mitmproxy.utils import human
from mitmproxy.websocket import WebSocketData

from wsproxy.addonhost.dispatch import CachedAddonManager
from wsproxy.addonhost.flows import (
    client_of,
    plain_request,
    plain_response,
    request_of,
    response_of,
    server_of,
)
from wsproxy.relay.http_hooks import HttpRequest, HttpResponse, Socket, Target, Transform


class Host(Protocol):
    """What connections and exchanges need of the addon host."""

    mode: str
    target: Target
    options: options.Options
    addons: CachedAddonManager
    time: Callable[[], float]
    pending: dict[int, HttpExchange]

    async def fire(self, hook: hooks.Hook) -> None:
        """Fire a hook that is not about a flow."""


class ClientConnection:
    """One client's connection (hooks.ClientHooks)."""

    def __init__(self, host: Host, socket: Socket) -> None:
        self.host = host
        self.conn = client_of(socket, host.mode)
        self.default_server = server_of(host.target)
        """What a flow has for a server before it has one."""
        self.websocket_over: asyncio.Event | None = None
        """Set while an upgraded connection lives, and when its last hook is over."""

    @property
    def dials_early(self) -> Target | None:
        eager = self.host.options.connection_strategy == "eager"
        return self.host.target if eager else None

    async def connected(self) -> str | None:
        await self.host.fire(server_hooks.ClientConnectedHook(self.conn))
        return self.conn.error

    async def disconnected(self) -> None:
        if self.websocket_over is not None:
            await self.websocket_over.wait()
        self.conn.state = ConnectionState.CLOSED
        self.conn.timestamp_end = self.host.time()
        await self.host.fire(server_hooks.ClientDisconnectedHook(self.conn))

    def server(self, target: Target) -> ServerConnection:
        default = self.default_server
        if default.timestamp_start is None and default.address == (target.host, target.port):
            return ServerConnection(self, default)
        return ServerConnection(self, server_of(target))

    def exchange(self, request: HttpRequest) -> HttpExchange:
        return HttpExchange(self, request)


class ServerConnection:
    """One connection to a server (hooks.ServerHooks)."""

    def __init__(self, client: ClientConnection, conn: Server) -> None:
        self.conn = conn
        self._host = client.host
        self._data = server_hooks.ServerConnectionHookData(server=conn, client=client.conn)
        self._open = False
        self.websocket = False
        """Whether a WebSocket lives on it, which then says when it is gone."""

    async def connect(self) -> str | None:
        self.conn.timestamp_start = self._host.time()
        await self._host.fire(server_hooks.ServerConnectHook(self._data))
        if self.conn.error:
            await self._host.fire(server_hooks.ServerConnectErrorHook(self._data))
            return f"Connection killed: {self.conn.error}"
        return None

    async def connected(self, socket: Socket) -> None:
        self._open = True
        conn = self.conn
        conn.timestamp_tcp_setup = self._host.time()
        conn.state = ConnectionState.OPEN
        conn.peername, conn.sockname = socket.peer, socket.local
        if socket.tls_version is not None:
            conn.tls_version = socket.tls_version  # type: ignore[assignment]
            conn.cipher = socket.cipher
            conn.timestamp_tls_setup = conn.timestamp_tcp_setup
        await self._host.fire(server_hooks.ServerConnectedHook(self._data))

    async def failed(self, reason: str) -> None:
        self.conn.error = reason
        await self._host.fire(server_hooks.ServerConnectErrorHook(self._data))

    async def disconnected(self) -> None:
        if not self.websocket:
            await self.gone()

    async def gone(self) -> None:
        """Fire `server_disconnected`, once."""
        if self._open:
            self._open = False
            self.conn.state = ConnectionState.CLOSED
            self.conn.timestamp_end = self._host.time()
            await self._host.fire(server_hooks.ServerDisconnectedHook(self._data))


class HttpExchange:
    """One request and its response (hooks.Exchange)."""

    def __init__(self, client: ClientConnection, request: HttpRequest) -> None:
        self._client = client
        self._host = client.host
        self.server: ServerConnection | None = None
        self.flow = http.HTTPFlow(client.conn, client.default_server, live=True)
        self.flow.request = request_of(request, self._host.time())
        self.request = request
        self.response: HttpResponse | None = None
        self.killed = False
        self.request_stream: Transform | None = None
        self.response_stream: Transform | None = None
        given = self._host.options
        self.refuse_above = human.parse_size(given.body_size_limit)
        self.stream_above = human.parse_size(given.stream_large_bodies)

    async def request_headers(self) -> None:
        flow = self.flow
        size = expected_http_body_size(flow.request)
        if self._above(self.refuse_above, size):
            await self._fire("requestheaders")
            await self.refuse(of_request=True)
            return
        flow.request.stream = self._above(self.stream_above, size)
        await self._fire("requestheaders")
        if await self._check_killed():
            return
        self.request = plain_request(flow.request)
        self.request_stream = _transform(flow.request.stream)

    async def request_received(self, body: bytes | None) -> None:
        flow = self.flow
        flow.request.timestamp_end = self._host.time()
        if body is not None:
            flow.request.data.content = body
        await self._fire("request")
        if await self._check_killed():
            return
        self.request = plain_request(flow.request)
        if flow.response is not None and body is not None:
            # As mitmproxy does for an answer that an addon gives.
            flow.response.timestamp_start = self._host.time()
            await self._fire("responseheaders")
            if not await self._check_killed():
                await self._response_complete()

    def uses(self, server: Any) -> None:
        if isinstance(server, ServerConnection):
            self.server = server
            self.flow.server_conn = server.conn

    async def response_headers(self, response: HttpResponse) -> None:
        self.flow.response = response_of(response, self._host.time())
        size = expected_http_body_size(self.flow.request, self.flow.response)
        if self._above(self.refuse_above, size):
            await self._fire("responseheaders")
            await self.refuse(of_request=False)
            return
        self.flow.response.stream = self._above(self.stream_above, size)
        await self._fire("responseheaders")
        if await self._check_killed():
            return
        assert self.flow.response is not None
        self.response = plain_response(self.flow.response)
        self.response_stream = _transform(self.flow.response.stream)

    async def response_received(self, body: bytes | None) -> None:
        assert self.flow.response is not None
        if body is not None:
            self.flow.response.data.content = body
        await self._response_complete()

    async def _response_complete(self) -> None:
        flow = self.flow
        assert flow.response is not None
        flow.response.timestamp_end = self._host.time()
        if self.server is not None and _is_websocket(flow):
            flow.websocket = WebSocketData()
        await self._fire("response")
        self.killed = self._is_killed
        if flow.response is not None:
            self.response = plain_response(flow.response)

    async def refuse(self, *, of_request: bool) -> None:
        what = "Request" if of_request else "Response"
        reason = f"{what} body exceeds mitmproxy's body_size_limit."
        await self.failed(reason)
        status = (413, "Payload Too Large") if of_request else (502, "Bad Gateway")
        headers = [
            ("Server", version.MITMPROXY),
            ("Connection", "close"),
            ("Content-Type", "text/html"),
        ]
        body = format_error(status[0], reason)
        self.response = HttpResponse(*status, headers, "HTTP/1.1", body)

    async def failed(self, reason: str) -> None:
        if self.flow.live and self.flow.error is None:
            self.flow.error = Error(reason)
            await self._fire("error")
        self.finished()

    def upgraded(self, connection_id: int) -> None:
        self._client.websocket_over = asyncio.Event()
        if self.server is not None:
            self.server.websocket = True
        self._host.pending[connection_id] = self

    def websocket_over(self) -> None:
        """The last hook of the WebSocket is over."""
        # mitmproxy's check of types leaves the frames that called it behind, and with them this,
        # until a garbage collector comes: the flow and its messages must not wait for that.
        del self.flow
        assert self._client.websocket_over is not None
        self._client.websocket_over.set()

    def finished(self) -> None:
        self.flow.live = False

    async def _fire(self, name: str) -> None:
        rest = self._host.addons.flow_hook(name, self.flow)
        if rest is not None:
            await rest
        await self.flow.wait_for_resume()

    @property
    def _is_killed(self) -> bool:
        error = self.flow.error
        return error is not None and error.msg == Error.KILLED_MESSAGE

    async def _check_killed(self) -> bool:
        self.killed = self._is_killed
        if self.killed:
            await self._fire("error")
            self.finished()
        return self.killed

    @staticmethod
    def _above(limit: int | None, size: int | None) -> bool:
        return limit is not None and size is not None and size > limit


def _is_websocket(flow: http.HTTPFlow) -> bool:
    response = flow.response
    return (
        response is not None
        and response.status_code == 101
        and response.headers.get("upgrade", "").lower() == "websocket"
        and flow.request.headers.get("Sec-WebSocket-Version", "") == "13"
    )


def _transform(stream: bool | Callable[[bytes], Iterable[bytes] | bytes]) -> Transform | None:
    """`message.stream` as a function from pieces to pieces."""
    if not stream:
        return None
    if not callable(stream):
        return lambda data: [data] if data else []

    def transform(data: bytes) -> Iterable[bytes]:
        pieces = stream(data)
        if isinstance(pieces, bytes):
            return [pieces] if pieces or data else []
        return pieces

    return transform
