"""Plain HTTP on the same port, relayed as it streams, and answers of the proxy's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from urllib.parse import urlsplit

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict

from wsproxy.engine.transport import MirroredResponse
from wsproxy.engine.upstream import Upstream
from wsproxy.errors import ProxyError, Side
from wsproxy.protocol.handshake import Headers, end_to_end


def decoded(raw_headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers as they came; a value that is not UTF-8 is read as ISO 8859-1, which HTTP once had.

    aiohttp sends header values as UTF-8 only, so such a value keeps its meaning, not its bytes.
    """
    return [(name.decode("ascii", "replace"), _decoded(value)) for name, value in raw_headers]


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")


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
    raise ProxyError(400, f"the request target {target!r} is no path", Side.CLIENT)


def proxy_origin(request: web.BaseRequest) -> str:
    """The proxy's own scheme, host and port as the client sees them."""
    return f"{request.scheme}://{request.host}"


def refusal(error: ProxyError) -> web.Response:
    """The proxy's own answer where the upstream has none."""
    headers = {}
    if error.status == 426:
        headers = {hdrs.SEC_WEBSOCKET_VERSION: "13", hdrs.UPGRADE: "websocket"}
    return web.Response(status=error.status, text=f"wsproxy: {error.reason}\n", headers=headers)


async def relay_request(request: web.BaseRequest, upstream: Upstream) -> web.StreamResponse:
    """Relay one request; raises ProxyError where the upstream gives no answer."""
    headers = end_to_end(decoded(request.raw_headers))
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        # Answered here, for the body is streamed on as it comes.
        headers = [(name, value) for name, value in headers if name.lower() != "expect"]
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = request.content.iter_any() if request.body_exists else None
    answer = await upstream.request(request.method, target_of(request), headers, body)
    return await relay_answer(request, answer, upstream)


async def relay_answer(
    request: web.BaseRequest,
    answer: aiohttp.ClientResponse,
    upstream: Upstream,
    *,
    upgrade: bool = False,
) -> web.StreamResponse:
    """Send an upstream's answer to the client, each piece as it comes.

    After a refused `upgrade` the connection ends: a client that did not wait for the answer may
    have sent frames, and they are no requests.
    """
    headers = upstream.back_to_proxy(end_to_end(decoded(answer.raw_headers)), proxy_origin(request))
    response = MirroredResponse(
        status=answer.status, reason=answer.reason, headers=CIMultiDict(headers)
    )
    if upgrade:
        response.force_close()
    try:
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (aiohttp.ClientError, ConnectionError):
        # One side broke off in mid-body: so does the other, instead of a clean end.
        with contextlib.suppress(AttributeError):
            request.transport.abort()  # type: ignore[union-attr]
    finally:
        answer.close()
    return response
