"""Answers of the proxy's own, sent and noted."""

from __future__ import annotations

from aiohttp import hdrs, web

from wsproxy.engine.answering import Answered, head_of, own_parts
from wsproxy.engine.noting import HttpNote
from wsproxy.protocol.handshake import Headers


def send_own(
    request: web.BaseRequest,
    note: HttpNote,
    status: int,
    text: str,
    extra: Headers = [],  # noqa: B006 - never changed
) -> web.StreamResponse:
    """Send an answer of the proxy's own, after which nothing is read any more."""
    transport = request.transport
    if transport is not None and not transport.is_closing():
        reason, fields, content = own_parts(status, text, extra)
        body = content if request.method != hdrs.METH_HEAD else b""
        note.answering(status, reason, fields)
        note.answered(body)
        transport.write(head_of(status, reason, fields) + body)
    return Answered()
