"""Requests as they come: their target, their headers, their body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from wsproxy.engine.outgoing import decoded
from wsproxy.errors import ProxyError, Side
from wsproxy.protocol.handshake import Headers

MAX_HEADER = 64 * 1024
"""Bytes of one line of a request's head: large cookies exist."""


def headers_of(request: web.BaseRequest) -> Headers:
    """The headers as they came: bytes that are not UTF-8 are surrogates, so that none is lost."""
    return [(decoded(name), decoded(value)) for name, value in request.raw_headers]


def readable(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers for the record: a value that is not UTF-8 is read as ISO 8859-1, which HTTP had."""
    return [(_readable(name), _readable(value)) for name, value in headers]


def _readable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("iso-8859-1")
    return text


def target_of(request: web.BaseRequest) -> str:
    """Path and query of a request, as the client wrote them.

    Whatever else a client writes there must not lead it to another server than the upstream.
    Raises ProxyError.
    """
    target = request.raw_path
    if request.method == hdrs.METH_CONNECT:
        raise ProxyError(405, "CONNECT is for forward proxies, this is none", Side.CLIENT)
    if target.startswith("/"):
        return target
    if target == "*" and request.method == hdrs.METH_OPTIONS:
        return "/"
    if target.lower().startswith(("http://", "https://", "ws://", "wss://")):
        # RFC 9112, section 3.2.2: the absolute form; its host counts for nothing here.
        path = urlsplit(target)._replace(scheme="", netloc="", fragment="").geturl()
        return path if path.startswith("/") else f"/{path}"
    raise ProxyError(400, f"the request target {target!r} is not a path", Side.CLIENT)


def asked_of(request: web.BaseRequest) -> str:
    """As `target_of`, but empty for a request that leads nowhere."""
    try:
        return target_of(request)
    except ProxyError:
        return ""


def proxy_origin(request: web.BaseRequest) -> str:
    """The proxy's own scheme, host and port as the client sees them."""
    return f"{request.scheme}://{request.host}"


async def body_of(request: web.BaseRequest, seconds: float) -> AsyncIterator[bytes]:
    """A request's body, each piece as it comes.

    `seconds` bounds the time between two pieces. Raises ProxyError beyond that, and
    ConnectionError if the client leaves in mid-body.
    """
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await request.content.readany()
        except TimeoutError:
            reason = f"nothing of the body came for {seconds:g} seconds (--request-timeout)"
            raise ProxyError(408, reason, Side.CLIENT) from None
        if not piece:
            return
        yield piece


def address_of(request: web.BaseRequest) -> str:
    """The client's address and port."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return f"{peer[0]}:{peer[1]}" if peer else "unknown"
