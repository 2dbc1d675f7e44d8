"""Breakpoints, and what waits at them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

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

T = TypeVar("T")


async def listed(ctx: Context, request: web.Request) -> web.Response:
    """All breakpoints and what waits."""
    return web.json_response(state(ctx))


def state(ctx: Context) -> dict[str, Any]:
    """Breakpoints and queues, as the API and the feed tell them."""
    return {
        "breakpoints": ctx.steering.breakpoints.breakpoints(),
        "held": ctx.steering.breakpoints.held(),
    }


async def add(ctx: Context, request: web.Request) -> web.Response:
    """Add a breakpoint."""
    spec = await body_of(request)
    return web.json_response(_checked(lambda: ctx.steering.breakpoints.add(spec)), status=201)


async def change(ctx: Context, request: web.Request) -> web.Response:
    """Change a breakpoint."""
    number = path_number(request)
    changes = await body_of(request)
    return web.json_response(_checked(lambda: ctx.steering.breakpoints.change(number, changes)))


async def remove(ctx: Context, request: web.Request) -> web.Response:
    """Remove a breakpoint."""
    number = path_number(request)
    _checked(lambda: ctx.steering.breakpoints.remove(number))
    return web.json_response(state(ctx))


async def content(ctx: Context, request: web.Request) -> web.Response:
    """All that one that waits holds."""
    number = path_number(request)
    data = await _held(lambda: ctx.steering.breakpoints.content(number))
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="held-{number}.bin"'},
    )


async def forward(ctx: Context, request: web.Request) -> web.Response:
    """Let one go, changed or not."""
    number = path_number(request)
    changed = content_of(await body_of(request, MAX_MESSAGE_BODY))
    await _held(lambda: ctx.steering.breakpoints.forward(number, changed))
    return web.json_response(state(ctx))


async def drop(ctx: Context, request: web.Request) -> web.Response:
    """Let one go nowhere."""
    number = path_number(request)
    await _held(lambda: ctx.steering.breakpoints.drop(number))
    return web.json_response(state(ctx))


async def forward_all(ctx: Context, request: web.Request) -> web.Response:
    """Let all go that wait."""
    wanted = (await body_of(request)).get("direction")
    direction = direction_of(wanted) if wanted is not None else None
    await settled(ctx.steering.breakpoints.forward_all(direction))
    return web.json_response(state(ctx))


def _checked(work: Callable[[], T]) -> T:
    try:
        return work()
    except KeyError:
        raise ApiError("no_breakpoint") from None
    except ValueError as error:
        raise ApiError("bad_request", str(error)) from None


async def _held(work: Callable[[], T | Awaitable[T]]) -> T:
    try:
        return await settled(work())
    except KeyError:
        raise ApiError("not_held") from None


_SPEC: dict[str, Any] = {
    "filter": {"type": "string", "description": "What it stops; empty: every message."},
    "direction": {"type": ["string", "null"], "enum": ["upstream", "downstream", None]},
    "connection": {"type": ["integer", "null"], "description": "Only on this connection."},
    "control": {"type": "boolean", "description": "Whether it stops Close, ping and pong too."},
    "timeout": {"type": "number", "description": "Seconds after which it lets go."},
    "at_timeout": {
        "type": "string",
        "enum": ["forward", "drop"],
        "description": "What becomes then of what waits.",
    },
    "enabled": {"type": "boolean"},
}

ROUTES = (
    Route("GET", "/breakpoints", listed, "All breakpoints and what waits at them", "Breakpoints"),
    Route("POST", "/breakpoints", add, "Add a breakpoint", "Breakpoint", body=_SPEC, status=201),
    Route(
        "PATCH",
        "/breakpoints/{id}",
        change,
        "Change some fields of a breakpoint",
        "Breakpoint",
        body=_SPEC,
        errors=("no_breakpoint",),
    ),
    Route(
        "DELETE",
        "/breakpoints/{id}",
        remove,
        "Remove a breakpoint and let go what waits at it",
        "Breakpoints",
        errors=("no_breakpoint",),
    ),
    Route(
        "POST",
        "/held/forward",
        forward_all,
        "Let all go that wait in a direction, or in both",
        "Breakpoints",
        body={"direction": {"type": "string", "enum": ["upstream", "downstream"]}},
    ),
    Route(
        "GET",
        "/held/{id}/content",
        content,
        "Download what waits",
        errors=("not_held", "not_reached"),
    ),
    Route(
        "POST",
        "/held/{id}/forward",
        forward,
        "Let one go, with other content or as it is",
        "Breakpoints",
        body=CONTENT_FIELDS,
        errors=("not_held", "not_reached"),
    ),
    Route(
        "POST",
        "/held/{id}/drop",
        drop,
        "Let one go nowhere",
        "Breakpoints",
        errors=("not_held", "not_reached"),
    ),
)
