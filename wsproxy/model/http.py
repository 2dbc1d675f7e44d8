"""Plain HTTP as it is captured: a request and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsproxy.protocol.handshake import Headers, header

DEFAULT_MAX_HTTP_BODY = 64 * 1024
"""Bytes that are recorded of each body, unless the user wants more or less."""

EXCHANGE_WEIGHT = 2048
"""Bytes of memory that a record takes beside its headers and bodies, about."""


@dataclass(slots=True)
class HttpRecord:
    """A request on the proxy's port that became no WebSocket, and its answer.

    The request is recorded as the client wrote it, the answer as the client got it. Secrets are
    masked already. Times are seconds since the epoch, lengths are bytes.
    """

    id: int
    started: float
    """When the head of the request was there."""
    client: str
    """`host:port` of the client."""
    method: str
    target: str
    """Path and query as the client wrote them."""
    upstream_url: str
    """What the upstream is asked for."""
    version: str
    """`HTTP/1.1`."""
    request_headers: Headers
    connection_id: int | None = None
    """The connection that it opened, or would have, if it asked for an upgrade."""
    status: int | None = None
    """None: nothing was answered."""
    reason: str = ""
    response_headers: Headers = field(default_factory=list)
    answered: float | None = None
    """When the head of the answer went out."""
    ended: float | None = None
    error: str | None = None
    """Why there is no answer, or no whole one, or why the proxy gave one of its own."""
    request_length: int = 0
    """Of the body as it came, without chunk framing, and as far as it was read."""
    response_length: int = 0
    """Of the body that was sent to the client."""
    request_body: bytes = b""
    """The beginning of it, as it came."""
    response_body: bytes = b""

    @property
    def agent(self) -> str:
        """The User-Agent header; empty without one."""
        return header(self.request_headers, "User-Agent") or ""

    @property
    def content_type(self) -> str:
        """Of the answer, without parameters; empty without one."""
        return (header(self.response_headers, "Content-Type") or "").partition(";")[0].strip()

    @property
    def seconds(self) -> float | None:
        """From the request's head to the end of the answer."""
        return None if self.ended is None else self.ended - self.started

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        headers = (*self.request_headers, *self.response_headers)
        sizes = sum(len(name) + len(value) for name, value in headers)
        bodies = len(self.request_body) + len(self.response_body)
        return EXCHANGE_WEIGHT + sizes + bodies + len(self.target)
