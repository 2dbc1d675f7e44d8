"""Hooks that want nothing (relay.http_hooks): bodies stream, and nobody is told."""

from __future__ import annotations

from wsproxy.relay.http_hooks import (
    HttpRequest,
    HttpResponse,
    ServerHooks,
    Socket,
    Target,
    Transform,
)


class NoServer:
    """ServerHooks."""

    async def connect(self) -> str | None:
        return None

    async def connected(self, socket: Socket) -> None: ...

    async def failed(self, reason: str) -> None: ...

    async def disconnected(self) -> None: ...


class NoExchange:
    """Exchange."""

    killed = False
    refuse_above: int | None = None
    stream_above: int | None = None

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.response: HttpResponse | None = None
        self.request_stream: Transform | None = _unchanged
        self.response_stream: Transform | None = _unchanged

    async def request_headers(self) -> None: ...

    async def request_received(self, body: bytes | None) -> None: ...

    def uses(self, server: ServerHooks | None) -> None: ...

    async def response_headers(self, response: HttpResponse) -> None:
        self.response = response

    async def response_received(self, body: bytes | None) -> None: ...

    async def refuse(self, *, of_request: bool) -> None: ...

    async def failed(self, reason: str) -> None: ...

    def upgraded(self, connection_id: int) -> None: ...

    def finished(self) -> None: ...


class NoClient:
    """ClientHooks."""

    dials_early: Target | None = None

    async def connected(self) -> str | None:
        return None

    async def disconnected(self) -> None: ...

    def server(self, target: Target) -> NoServer:
        return _SERVER

    def exchange(self, request: HttpRequest) -> NoExchange:
        return NoExchange(request)


_SERVER = NoServer()


def _unchanged(data: bytes) -> list[bytes]:
    return [data] if data else []
