"""Answers as bytes: a server's own as it wrote it, and the proxy's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from wsproxy.engine.outgoing import encoded
from wsproxy.protocol.handshake import Headers, header


class Answered(web.StreamResponse):
    """What a handler returns to aiohttp once everything is written: nothing more is sent."""

    def __init__(self, *, keep_alive: bool = False) -> None:
        super().__init__()
        self._keep = keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._keep

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


def own_parts(status: int, text: str, headers: Headers = []) -> tuple[str, Headers, bytes]:  # noqa: B006 - never changed
    """Reason, headers and body of an answer of the proxy's own, after which the connection ends."""
    content = f"wsproxy: {text}\n".encode("utf-8", "backslashreplace")
    fields: Headers = [
        *headers,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(content))),
        ("Connection", "close"),
    ]
    return HTTPStatus(status).phrase, fields, content


def own_answer(status: int, text: str) -> bytes:
    """An answer of the proxy's own, as bytes."""
    reason, fields, content = own_parts(status, text)
    return head_of(status, reason, fields) + content


def head_of(status: int, reason: str, headers: Headers) -> bytes:
    """The head of an answer, with what is in it as it is."""
    lines = [f"HTTP/1.1 {status} ".encode() + encoded(reason)]
    lines += [encoded(name) + b": " + encoded(value) for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def send_answer(
    request: web.BaseRequest,
    status: int,
    reason: str,
    headers: Headers,
    pieces: AsyncIterator[bytes],
    sent: Callable[[bytes], None],
    *,
    close: bool = False,
) -> web.StreamResponse:
    """Send an answer to the client, each piece of its body as it comes.

    `headers` are end-to-end, plus Transfer-Encoding if the body has codings of its own below
    the chunks. The connection ends after it if `close` says so or if nothing else ends the body.
    `sent` is told of each piece. Raises ConnectionError if the client has left, and whatever `pieces` raise.
    """
    write = request.writer.write
    length = header(headers, hdrs.CONTENT_LENGTH)
    coding = header(headers, hdrs.TRANSFER_ENCODING)
    bodiless = request.method == hdrs.METH_HEAD or status in (204, 304)
    chunked = not bodiless and length is None and request.version >= HttpVersion11
    if chunked and coding is None:
        headers = [*headers, (hdrs.TRANSFER_ENCODING, "chunked")]
    keep = not close and request.keep_alive and (bodiless or chunked or length is not None)
    keep = keep and request.version >= HttpVersion11
    if not keep:
        headers = [*headers, (hdrs.CONNECTION, "close")]
    await write(head_of(status, reason, headers))
    left = int(length) if length is not None and length.isdigit() else None
    async for piece in pieces:
        if bodiless or not piece:
            continue
        if chunked:
            sent(piece)
            await write(b"%x\r\n%b\r\n" % (len(piece), piece))
            continue
        # More than was announced would be read as the next answer.
        data = piece if left is None else piece[:left]
        if left is not None:
            left -= len(data)
        if data:
            sent(data)
            await write(data)
    if chunked:
        await write(b"0\r\n\r\n")
    if left and not bodiless:
        raise ConnectionError("the body is shorter than announced")
    return Answered(keep_alive=keep)
