"""A request and its response with hooks in between: what addons see and change of plain HTTP and
of opening handshakes. Without hooks, http.py and listener.py relay them instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict

from wsproxy.engine.clients import Client
from wsproxy.engine.http import decoded, proxy_origin, target_of
from wsproxy.engine.transport import MirroredResponse, SwitchedResponse
from wsproxy.errors import ProxyError
from wsproxy.protocol.handshake import Headers, end_to_end, header, header_tokens, is_upgrade
from wsproxy.relay.http_hooks import Exchange, HttpRequest, HttpResponse, Target, Transform

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HookedExchange:
    """Takes one request through the hooks and to the server, and the response back."""

    def __init__(self, client: Client, request: web.BaseRequest, headers: Headers) -> None:
        self._client = client
        self._request = request
        upstream = client.upstream
        self.hooks: Exchange = client.hooks.exchange(
            HttpRequest(
                request.method,
                Target(*upstream.target),
                upstream.prefixed(target_of(request), upgrade=is_upgrade(headers)),
                upstream.rewritten(headers),
                f"HTTP/{request.version.major}.{request.version.minor}",
            )
        )
        self._chunked = False

    async def ask(self) -> aiohttp.ClientResponse | None:
        """Send the request; None if there is no need to, for hooks gave an answer or none.

        Raises ProxyError where the server gives no answer.
        """
        hooks = self.hooks
        await hooks.request_headers()
        if self._settled:
            return None
        if (header(hooks.request.headers, hdrs.EXPECT) or "").lower() == "100-continue":
            hooks.request.headers = _without(hooks.request.headers, hdrs.EXPECT)
            if self._request.transport is not None:
                self._request.transport.write(CONTINUE)
        data: AsyncIterator[bytes] | bytes | None
        if self._request.body_exists and hooks.request_stream is not None:
            data = self._streamed(hooks.request_stream)
        else:
            data = await self._collected()
            if self._settled:
                return None
            if isinstance(data, bytes):
                await hooks.request_received(data)
                if self._settled:
                    return None
                data = hooks.request.body
        return await self._send(data)

    async def answer(self, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """Take a server's answer to the client."""
        hooks = self.hooks
        try:
            await hooks.response_headers(self._response(answer))
            if hooks.killed or hooks.response is None:
                return self.cut()
            if hooks.response.body is not None:  # refused as too large
                answer.close()
                return await self.own()
            limit = hooks.stream_above
            body = bytearray()
            if hooks.response_stream is None:
                async for piece in answer.content.iter_any():
                    body += piece
                    if hooks.refuse_above is not None and len(body) > hooks.refuse_above:
                        answer.close()
                        await hooks.refuse(of_request=False)
                        return await self.own()
                    if limit is not None and len(body) > limit:
                        return await self._stream(answer, lambda data: [data], bytes(body))
                await hooks.response_received(bytes(body))
                return await self.own()
            return await self._stream(answer, hooks.response_stream, b"")
        except (aiohttp.ClientError, ConnectionError) as error:
            # One side broke off in mid-body: so does the other, instead of a clean end.
            await hooks.failed(str(error) or type(error).__name__)
            return self.cut()
        finally:
            answer.close()
            hooks.finished()

    async def handshake(self, answer: aiohttp.ClientResponse) -> bool:
        """Show a 101 to the hooks; whether it is still one."""
        hooks = self.hooks
        await hooks.response_headers(self._response(answer))
        if not hooks.killed:
            await hooks.response_received(b"")
        return not hooks.killed and hooks.response is not None and hooks.response.status == 101

    async def own(self) -> web.StreamResponse:
        """Send `hooks.response`, with its whole body, or nothing if hooks killed the exchange."""
        response = self.hooks.response
        self.hooks.finished()
        if self.hooks.killed or response is None:
            return self.cut()
        mirrored = self._mirrored(response)
        if "close" in header_tokens(response.headers, hdrs.CONNECTION):
            mirrored.force_close()
        body = response.body or b""
        if self._request.method != hdrs.METH_HEAD and hdrs.CONTENT_LENGTH in mirrored.headers:
            mirrored.headers[hdrs.CONTENT_LENGTH] = str(len(body))
        with contextlib.suppress(ConnectionError):
            await mirrored.prepare(self._request)
            if body and self._request.method != hdrs.METH_HEAD:
                await mirrored.write(body)
            await mirrored.write_eof()
        return mirrored

    def cut(self) -> web.StreamResponse:
        """Close the client's connection without an answer."""
        if self._request.transport is not None:
            self._request.transport.close()
        return SwitchedResponse()

    @property
    def _settled(self) -> bool:
        return self.hooks.killed or self.hooks.response is not None

    async def _send(self, data: AsyncIterator[bytes] | bytes | None) -> aiohttp.ClientResponse:
        request = self.hooks.request
        headers = end_to_end(request.headers)
        if is_upgrade(request.headers):
            headers += [(hdrs.CONNECTION, "Upgrade"), (hdrs.UPGRADE, "websocket")]
        if isinstance(data, bytes):
            had = _without(headers, hdrs.CONTENT_LENGTH)
            if len(had) != len(headers):
                headers = [*had, (hdrs.CONTENT_LENGTH, str(len(data)))]
        try:
            answer = await self._client.upstream.send(
                request.method, request.url, headers, data or None
            )
        except ProxyError as error:
            self.hooks.uses(self._client.connector.server)
            cause = error.__cause__
            await self.hooks.failed(str(getattr(cause, "os_error", cause) or error.reason))
            raise
        return answer

    async def _collected(self) -> AsyncIterator[bytes] | bytes:
        """The whole body, or what streams it where it is too large to be collected."""
        hooks = self.hooks
        body = bytearray()
        if not self._request.body_exists:
            return b""
        async for piece in self._request.content.iter_any():
            body += piece
            if hooks.refuse_above is not None and len(body) > hooks.refuse_above:
                await hooks.refuse(of_request=True)
                break
            if hooks.stream_above is not None and len(body) > hooks.stream_above:
                return self._streamed(lambda data: [data], bytes(body))
        return bytes(body)

    async def _streamed(self, transform: Transform, first: bytes = b"") -> AsyncIterator[bytes]:
        if first:
            for piece in transform(first):
                yield piece
        async for data in self._request.content.iter_any():
            for piece in transform(data):
                yield piece
        for piece in transform(b""):
            if piece:
                yield piece
        await self.hooks.request_received(None)

    async def _stream(
        self, answer: aiohttp.ClientResponse, transform: Transform, first: bytes
    ) -> web.StreamResponse:
        response = self.hooks.response
        assert response is not None
        mirrored = self._mirrored(response)
        await mirrored.prepare(self._request)
        for piece in transform(first) if first else ():
            await mirrored.write(piece)
        async for data in answer.content.iter_any():
            for piece in transform(data):
                await mirrored.write(piece)
        for piece in transform(b""):
            if piece:
                await mirrored.write(piece)
        await self.hooks.response_received(None)
        await mirrored.write_eof()
        return mirrored

    def _response(self, answer: aiohttp.ClientResponse) -> HttpResponse:
        self.hooks.uses(self._client.connector.server)
        version = answer.version
        return HttpResponse(
            answer.status,
            answer.reason or "",
            self._client.upstream.back_to_proxy(
                decoded(answer.raw_headers), proxy_origin(self._request)
            ),
            f"HTTP/{version.major}.{version.minor}" if version else "HTTP/1.1",
        )

    def _mirrored(self, response: HttpResponse) -> MirroredResponse:
        return MirroredResponse(
            status=response.status,
            reason=response.reason,
            headers=CIMultiDict(end_to_end(response.headers)),
        )


def _without(headers: Headers, name: str) -> Headers:
    return [(key, value) for key, value in headers if key.lower() != name.lower()]
