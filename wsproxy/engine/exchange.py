"""A request and its answer, with hooks in between: what addons see and change of plain HTTP and
of opening handshakes. Without addons, the hooks are those of nohooks.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import h11
from aiohttp import hdrs, web

from wsproxy.engine.answering import Answered, send_answer
from wsproxy.engine.clients import Client
from wsproxy.engine.dial import DialError
from wsproxy.engine.http import body_of, proxy_origin, target_of
from wsproxy.engine.noting import CLIENT_LEFT, HttpNote
from wsproxy.engine.outgoing import Answer, BadAnswerError
from wsproxy.engine.server import connection_of
from wsproxy.engine.upstream import Upstream
from wsproxy.protocol.handshake import Headers, end_to_end, header, header_tokens, is_upgrade
from wsproxy.relay.http_hooks import Exchange, HttpRequest, HttpResponse, Transform
from wsproxy.relay.tasks import start_task

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

T = TypeVar("T")


class ClientGoneError(ConnectionError):
    """The client has left before it was answered."""


class ClientExchange:
    """Takes one request through the hooks and to the server, and the answer back."""

    def __init__(
        self,
        client: Client,
        upstream: Upstream,
        request: web.BaseRequest,
        headers: Headers,
        request_seconds: float,
        note: HttpNote,
    ) -> None:
        """`request_seconds` bounds a pause in the request's body; `note` is told what passes."""
        self._client = client
        self._upstream = upstream
        self._request = request
        self._upgrade = is_upgrade(headers)
        self._seconds = request_seconds
        self._note = note
        self._gone = connection_of(request).gone
        self.hooks: Exchange = client.hooks.exchange(
            HttpRequest(
                request.method,
                upstream.target,
                upstream.prefixed(target_of(request), upgrade=self._upgrade),
                upstream.rewritten(headers, proxy_origin(request)),
                f"HTTP/{request.version.major}.{request.version.minor}",
            )
        )

    async def ask(self) -> Answer | None:
        """Send the request; None if there is no need to, for hooks gave an answer or none.

        Raises ProxyError where the server gives no answer, ClientGoneError.
        """
        hooks = self.hooks
        await hooks.request_headers()
        if self._settled:
            return None
        if (header(hooks.request.headers, hdrs.EXPECT) or "").lower() == "100-continue":
            # Answered here, for the body is sent on as it comes.
            hooks.request.headers = _without(hooks.request.headers, hdrs.EXPECT)
            if self._request.transport is not None:
                self._request.transport.write(CONTINUE)
        data: AsyncIterator[bytes] | bytes | None = None
        if self._request.body_exists and hooks.request_stream is not None:
            data = self._streamed(hooks.request_stream)
        elif hooks.request_stream is None:
            data = await self._collected()
            if self._settled:
                return None
            if isinstance(data, bytes):
                await hooks.request_received(data)
                if self._settled:
                    return None
                data = hooks.request.body
        else:
            await hooks.request_received(None)
        return await self._send(data)

    async def answer(self, answer: Answer) -> web.StreamResponse:
        """Take a server's answer to the client."""
        hooks = self.hooks
        try:
            with self._bound_to_client(answer):
                await hooks.response_headers(self._response(answer))
                if hooks.killed or hooks.response is None:
                    return self.cut()
                if hooks.response.body is not None:  # refused as too large
                    return await self.own()
                if hooks.response_stream is not None:
                    return await self._stream(answer.pieces(), hooks.response_stream, b"")
                return await self._collect(answer)
        except (ConnectionError, OSError, BadAnswerError) as error:
            # One side broke off in mid-body: so does the other, instead of a clean end.
            self._note.broke_off(error, client_left=self._gone.done())
            await hooks.failed(str(error) or type(error).__name__)
            return self.cut()
        finally:
            answer.close()
            hooks.finished()

    async def handshake(self, answer: Answer) -> bool:
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
        body = response.body or b""

        async def pieces() -> AsyncIterator[bytes]:
            if body:
                yield body

        headers = end_to_end(response.headers)
        if self._request.method != hdrs.METH_HEAD and header(headers, hdrs.CONTENT_LENGTH):
            headers = [*_without(headers, hdrs.CONTENT_LENGTH), _length(body)]
        close = "close" in header_tokens(response.headers, hdrs.CONNECTION)
        try:
            return await self._answer(response, headers, pieces(), close=close)
        except ConnectionError:
            self._note.failed(CLIENT_LEFT)
            return Answered()

    def cut(self) -> web.StreamResponse:
        """Close the client's connection without an answer."""
        self._note.failed("cut off by an addon")
        if self._request.transport is not None:
            self._request.transport.abort()
        return Answered()

    @property
    def _settled(self) -> bool:
        return self.hooks.killed or self.hooks.response is not None

    async def _send(self, data: AsyncIterator[bytes] | bytes | None) -> Answer:
        request = self.hooks.request
        headers = end_to_end(request.headers)
        tokens = ["TE"] if header(headers, "TE") is not None else []
        if is_upgrade(request.headers):
            tokens.append("Upgrade")
        if tokens:
            headers.append((hdrs.CONNECTION, ", ".join(tokens)))
        if is_upgrade(request.headers):
            headers.append((hdrs.UPGRADE, "websocket"))
        length = header(headers, hdrs.CONTENT_LENGTH)
        if isinstance(data, bytes):
            if length is not None or data:
                headers = [*_without(headers, hdrs.CONTENT_LENGTH), _length(data)]
        elif data is not None and length is None:
            coding = header(request.headers, hdrs.TRANSFER_ENCODING) or "chunked"
            headers.append((hdrs.TRANSFER_ENCODING, coding))
        pool = self._client.pool
        try:
            return await self._unless_gone(pool.ask(request, headers, data, self._upstream.timeout))
        except (
            DialError,
            BadAnswerError,
            OSError,
            TimeoutError,
            h11.LocalProtocolError,
            UnicodeError,
        ) as error:
            self.hooks.uses(pool.server)
            if isinstance(error, ClientGoneError) or self._gone.done():
                await self.hooks.failed("Client disconnected.")
                raise ClientGoneError from None
            await self.hooks.failed(str(error) or type(error).__name__)
            raise self._upstream.failure(error) from error

    async def _unless_gone(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await something, but not when the client has left."""
        task = start_task(coroutine, "a request to the upstream", awaited=True)

        def cancel(_: object) -> None:
            task.cancel()

        self._gone.add_done_callback(cancel)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if self._gone.done() and current is not None and not current.cancelling():
                raise ClientGoneError from None
            raise
        finally:
            self._gone.remove_done_callback(cancel)
            task.cancel()

    @contextlib.contextmanager
    def _bound_to_client(self, answer: Answer) -> Iterator[None]:
        """The server's connection ends with the client's, also while it says nothing."""

        def abort(_: object) -> None:
            answer.connection.abort()

        self._gone.add_done_callback(abort)
        try:
            yield
        finally:
            self._gone.remove_done_callback(abort)

    async def _collected(self) -> AsyncIterator[bytes] | bytes:
        """The whole body, or what streams it where it is too large to be collected."""
        hooks = self.hooks
        body = bytearray()
        if not self._request.body_exists:
            return b""
        async for piece in self._body():
            body += piece
            if hooks.refuse_above is not None and len(body) > hooks.refuse_above:
                await hooks.refuse(of_request=True)
                break
            if hooks.stream_above is not None and len(body) > hooks.stream_above:
                return self._streamed(lambda data: [data], bytes(body))
        return bytes(body)

    async def _body(self) -> AsyncIterator[bytes]:
        async for piece in body_of(self._request, self._seconds):
            self._note.asked(piece)
            yield piece

    async def _streamed(self, transform: Transform, first: bytes = b"") -> AsyncIterator[bytes]:
        pieces = _through(transform, self._body(), first)
        async for piece in pieces:
            yield piece
        await self.hooks.request_received(None)

    async def _collect(self, answer: Answer) -> web.StreamResponse:
        hooks = self.hooks
        body = bytearray()
        pieces = answer.pieces()
        async for piece in pieces:
            body += piece
            if hooks.refuse_above is not None and len(body) > hooks.refuse_above:
                await hooks.refuse(of_request=False)
                return await self.own()
            if hooks.stream_above is not None and len(body) > hooks.stream_above:
                return await self._stream(pieces, lambda data: [data], bytes(body))
        await hooks.response_received(bytes(body))
        return await self.own()

    async def _stream(
        self, pieces: AsyncIterator[bytes], transform: Transform, first: bytes
    ) -> web.StreamResponse:
        response = self.hooks.response
        assert response is not None
        headers = end_to_end(response.headers)
        coding = header(response.headers, hdrs.TRANSFER_ENCODING)
        if coding is not None and header(headers, hdrs.CONTENT_LENGTH) is None:
            headers.append((hdrs.TRANSFER_ENCODING, coding))
        sent = await self._answer(response, headers, _through(transform, pieces, first))
        await self.hooks.response_received(None)
        return sent

    async def _answer(
        self,
        response: HttpResponse,
        headers: Headers,
        pieces: AsyncIterator[bytes],
        *,
        close: bool = False,
    ) -> web.StreamResponse:
        # After a refused upgrade the connection ends: a client that did not wait for the answer
        # may have sent frames, and they are not requests.
        self._note.answering(response.status, response.reason, headers)
        return await send_answer(
            self._request,
            response.status,
            response.reason,
            headers,
            pieces,
            self._note.answered,
            close=close or self._upgrade,
        )

    def _response(self, answer: Answer) -> HttpResponse:
        self.hooks.uses(self._client.pool.server)
        headers = self._upstream.back_to_proxy(answer.headers, proxy_origin(self._request))
        return HttpResponse(answer.status, answer.reason, headers, answer.version)


async def _through(
    transform: Transform, pieces: AsyncIterator[bytes], first: bytes
) -> AsyncIterator[bytes]:
    """A body as a hook changes it; the hook is told of its end by b""."""
    if first:
        for piece in transform(first):
            yield piece
    async for data in pieces:
        for piece in transform(data):
            yield piece
    for piece in transform(b""):
        if piece:
            yield piece


def _without(headers: Headers, name: str) -> Headers:
    return [(key, value) for key, value in headers if key.lower() != name.lower()]


def _length(body: bytes) -> tuple[str, str]:
    return hdrs.CONTENT_LENGTH, str(len(body))
