"""The HTTP lifecycle as those see it who may change it: what the engine asks of an addon host.

Without hooks none of this is used: the engine relays handshakes and pages as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from wsproxy.protocol.handshake import Headers

Address = tuple[str, int]

Transform = Callable[[bytes], Iterable[bytes]]
"""Changes a body piece by piece; called with b"" at its end."""


class Socket(NamedTuple):
    """One TCP connection, of a client or to a server."""

    peer: Address
    local: Address
    tls_version: str | None = None
    """E.g. `TLSv1.3`; None without TLS."""
    cipher: str | None = None


class Target(NamedTuple):
    """Where a request goes."""

    host: str
    port: int
    tls: bool


@dataclass(slots=True)
class HttpRequest:
    """A request as it goes to the server."""

    method: str
    target: Target
    path: str
    """Path and query, as they are sent."""
    headers: Headers
    version: str
    body: bytes | None = None
    """None while it has not come, or where it is streamed."""

    @property
    def url(self) -> str:
        scheme = "https" if self.target.tls else "http"
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        return f"{scheme}://{host}:{self.target.port}{self.path}"


@dataclass(slots=True)
class HttpResponse:
    """A response as it goes to the client."""

    status: int
    reason: str
    headers: Headers
    version: str
    body: bytes | None = None


class ServerHooks(Protocol):
    """One connection to a server."""

    async def connect(self) -> str | None:
        """It is about to be opened; returns why it must not, or None."""

    async def connected(self, socket: Socket) -> None:
        """It is open."""

    async def failed(self, reason: str) -> None:
        """It could not be opened."""

    async def disconnected(self) -> None:
        """It is closed."""


class Exchange(Protocol):
    """One request and its response. After each call, the attributes say how it goes on."""

    request: HttpRequest
    response: HttpResponse | None
    killed: bool
    """Whether the client is to be cut off without an answer."""
    request_stream: Transform | None
    """Set where the request's body is not to be collected."""
    response_stream: Transform | None
    refuse_above: int | None
    """Bytes of a body that are too many: then `refuse` is called."""
    stream_above: int | None
    """Bytes of a body that are too many to be collected."""

    async def request_headers(self) -> None:
        """The head of the request came: `request`."""

    async def request_received(self, body: bytes | None) -> None:
        """The request is complete; `body` is None if it was streamed."""

    def uses(self, server: ServerHooks | None) -> None:
        """This is the connection that the request goes over."""

    async def response_headers(self, response: HttpResponse) -> None:
        """The head of the response came."""

    async def response_received(self, body: bytes | None) -> None:
        """The response is complete; `body` is None if it was streamed."""

    async def refuse(self, *, of_request: bool) -> None:
        """The body of the request or of the response is too large; `response` says so."""

    async def failed(self, reason: str) -> None:
        """There will be no response, or none that is whole."""

    def upgraded(self, connection_id: int) -> None:
        """The WebSocket that follows has this number."""

    def finished(self) -> None:
        """Nothing more comes of this exchange."""


class ClientHooks(Protocol):
    """One client's connection."""

    @property
    def dials_early(self) -> Target | None:
        """The server to dial before the client has said anything, or None."""

    async def connected(self) -> str | None:
        """The client is there; returns why it must go, or None."""

    async def disconnected(self) -> None:
        """The client has gone."""

    def server(self, target: Target) -> ServerHooks:
        """A connection to a server is needed."""

    def exchange(self, request: HttpRequest) -> Exchange:
        """A request begins."""


class HttpHooks(Protocol):
    """Where clients are reported to."""

    def client(self, socket: Socket) -> ClientHooks:
        """A client has connected."""
