"""mitmproxy's objects from the engine's values, and back."""

from __future__ import annotations

import time

from mitmproxy import http
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.proxy.mode_specs import ProxyMode

from wsproxy.protocol.handshake import Headers
from wsproxy.relay.http_hooks import HttpRequest, HttpResponse, Socket, Target


def client_of(socket: Socket, mode: str) -> Client:
    """A client's connection, as `flow.client_conn` has it."""
    now = time.time()  # noqa: TID251 - mitmproxy's own objects take the system's time, too
    client = Client(
        peername=socket.peer,
        sockname=socket.local,
        timestamp_start=now,
        proxy_mode=ProxyMode.parse(mode),
        state=ConnectionState.OPEN,
    )
    if socket.tls_version is not None:
        client.tls = True
        client.tls_version = socket.tls_version  # type: ignore[assignment]
        client.cipher = socket.cipher
        client.timestamp_tls_setup = now
    return client


def server_of(target: Target) -> Server:
    """A connection to a server that is not open yet."""
    server = Server(address=(target.host, target.port))
    server.tls = target.tls
    if target.tls:
        server.sni = target.host
    return server


def request_of(request: HttpRequest, started: float) -> http.Request:
    """A request without its body."""
    return http.Request(
        host=request.target.host,
        port=request.target.port,
        method=_encode(request.method),
        scheme=b"https" if request.target.tls else b"http",
        authority=b"",
        path=_encode(request.path),
        http_version=_encode(request.version),
        headers=http.Headers(_fields(request.headers)),
        content=None,
        trailers=None,
        timestamp_start=started,
        timestamp_end=None,
    )


def response_of(response: HttpResponse, started: float) -> http.Response:
    """A response without its body."""
    return http.Response(
        http_version=_encode(response.version),
        status_code=response.status,
        reason=_encode(response.reason),
        headers=http.Headers(_fields(response.headers)),
        content=None,
        trailers=None,
        timestamp_start=started,
        timestamp_end=None,
    )


def plain_request(request: http.Request) -> HttpRequest:
    """What addons made of a request."""
    data = request.data
    return HttpRequest(
        _decode(data.method),
        Target(request.host, request.port, request.scheme == "https"),
        _decode(data.path),
        _headers(request.headers),
        _decode(data.http_version),
        request.raw_content,
    )


def plain_response(response: http.Response) -> HttpResponse:
    """What addons made of a response."""
    return HttpResponse(
        response.status_code,
        _decode(response.data.reason),
        _headers(response.headers),
        _decode(response.data.http_version),
        response.raw_content,
    )


def _fields(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(_encode(name), _encode(value)) for name, value in headers]


def _headers(headers: http.Headers) -> Headers:
    return [(_decode(name), _decode(value)) for name, value in headers.fields]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
