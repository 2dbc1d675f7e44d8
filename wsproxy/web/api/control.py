"""Steering open connections: send, resend, close, reset, pause."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from wsproxy.model.records import Direction
from wsproxy.protocol.close import may_be_sent
from wsproxy.protocol.frames import MAX_CONTROL_PAYLOAD, Opcode, opcode_name
from wsproxy.web.api.lookup import frame_of
from wsproxy.web.api.routes import (
    CONTENT_FIELDS,
    MAX_MESSAGE_BODY,
    Route,
    body_of,
    content_of,
    direction_of,
    path_number,
    settled,
)
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.interfaces import SteeredConnection

CAUSE = "page"
"""What the record says of who did it."""

_NAMES = {opcode_name(number): number for number in range(16)}


async def send(ctx: Context, request: web.Request) -> web.Response:
    """Send a message or control frame to one side."""
    live = _live(ctx, request)
    body = await body_of(request, MAX_MESSAGE_BODY)
    direction = direction_of(body.get("direction"))
    content = content_of(body) or b""
    opcode = _opcode(body, binary="hex" in body or "base64" in body)
    await _send(live, direction, opcode, content)
    return web.json_response({"sent": len(content)})


async def resend(ctx: Context, request: web.Request) -> web.Response:
    """Send a recorded frame's message once more."""
    body = await body_of(request)
    seen = await frame_of(ctx, path_number(request))
    record, message = seen.record, seen.message
    if message is not None:
        content, length, opcode = message.content, message.content_length, message.opcode
    else:
        frame = record.frame
        content, length, opcode = frame.payload, max(frame.received, 0), frame.opcode
    if len(content) < length:
        raise ApiError("payload_cut")
    wanted = body.get("connection", record.connection_id)
    live = ctx.steering.connections.live().get(wanted) if isinstance(wanted, int) else None
    if live is None:
        raise ApiError("not_open")
    direction = direction_of(body.get("direction", record.direction.name.lower()))
    await _send(live, direction, opcode, content)
    return web.json_response({"sent": len(content)})


async def close(ctx: Context, request: web.Request) -> web.Response:
    """Close a connection in good order."""
    live = _live(ctx, request)
    body = await body_of(request)
    code, reason = body.get("code", 1000), body.get("reason", "")
    if not isinstance(code, int) or not may_be_sent(code):
        raise ApiError("bad_request", f"{code!r} is not a close code that may be sent")
    if not isinstance(reason, str) or len(reason.encode()) > MAX_CONTROL_PAYLOAD - 2:
        raise ApiError("bad_request", "reason must be a string of at most 123 bytes")
    await settled(live.close(code, reason, CAUSE))
    return web.json_response({"closing": live.connection.id})


async def reset(ctx: Context, request: web.Request) -> web.Response:
    """Cut a connection off."""
    live = _live(ctx, request)
    await settled(live.reset(CAUSE))
    return web.json_response({"reset": live.connection.id})


async def pause(ctx: Context, request: web.Request) -> web.Response:
    """Stop reading from one side or both, or go on."""
    live = _live(ctx, request)
    body = await body_of(request)
    paused = body.get("paused", True)
    if not isinstance(paused, bool):
        raise ApiError("bad_request", "paused must be true or false")
    wanted = body.get("direction")
    for direction in Direction if wanted is None else [direction_of(wanted)]:
        await settled(live.pause(direction, paused))
        mine = ctx.totals.paused.setdefault(live.connection.id, set())
        (mine.add if paused else mine.discard)(direction.name.lower())
    return web.json_response({"paused": paused})


def _live(ctx: Context, request: web.Request) -> SteeredConnection:
    live = ctx.steering.connections.live().get(path_number(request))
    if live is None:
        raise ApiError("not_open")
    return live


def _opcode(body: dict[str, Any], *, binary: bool) -> int:
    given = body.get("opcode", "binary" if binary else "text")
    opcode = _NAMES.get(given) if isinstance(given, str) else None
    if opcode is None:
        raise ApiError("bad_request", f"opcode must be one of {', '.join(_NAMES)}, not {given!r}")
    return opcode


async def _send(live: SteeredConnection, direction: Direction, opcode: int, content: bytes) -> None:
    if opcode >= Opcode.CLOSE and len(content) > MAX_CONTROL_PAYLOAD:
        raise ApiError(
            "bad_request", f"a control frame holds {MAX_CONTROL_PAYLOAD} bytes, not {len(content)}"
        )
    await settled(live.inject(direction, opcode, content, CAUSE))


_DIRECTION = {"type": "string", "enum": ["upstream", "downstream"]}

ROUTES = (
    Route(
        "POST",
        "/connections/{id}/send",
        send,
        "Send a message or control frame to the server (upstream) or the client (downstream)",
        "Sent",
        body={
            "direction": _DIRECTION,
            "opcode": {"description": "A name (text, binary, ping, pong, close) or 0 to 15."},
            **CONTENT_FIELDS,
        },
        errors=("not_open", "not_reached"),
    ),
    Route(
        "POST",
        "/frames/{id}/resend",
        resend,
        "Send a recorded message once more, there or on another connection",
        "Sent",
        body={"connection": {"type": "integer"}, "direction": _DIRECTION},
        errors=("no_frame", "not_open", "not_reached", "payload_cut"),
    ),
    Route(
        "POST",
        "/connections/{id}/close",
        close,
        "Send Close to both sides",
        "Done",
        body={"code": {"type": "integer"}, "reason": {"type": "string"}},
        errors=("not_open", "not_reached"),
    ),
    Route(
        "POST",
        "/connections/{id}/reset",
        reset,
        "Cut both sides off with a TCP reset",
        "Done",
        errors=("not_open", "not_reached"),
    ),
    Route(
        "POST",
        "/connections/{id}/pause",
        pause,
        "Read nothing from a side (of a direction, or of both), or go on: a stall",
        "Done",
        body={"direction": _DIRECTION, "paused": {"type": "boolean"}},
        errors=("not_open", "not_reached"),
    ),
)
