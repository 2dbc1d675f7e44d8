"""Other captures beside this one: compared with it, or opened; and two connections compared."""

from __future__ import annotations

from aiohttp import web

from wsproxy.web.api.lookup import connection_of
from wsproxy.web.api.routes import MAX_NUMBER, Parameter, Route, body_of, pieces_of
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError

FILE_TYPE = "application/octet-stream"
"""No form of another origin can send it without being asked first."""


async def connections(ctx: Context, request: web.Request) -> web.Response:
    """Two connections of this capture."""
    body = await body_of(request)
    numbers = []
    for name in ("before", "after"):
        value = body.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < MAX_NUMBER:
            raise ApiError("bad_request", f"{name} must be the number of a connection")
        await connection_of(ctx, value)
        numbers.append(str(value))
    capture = ctx.beside.capture
    return web.json_response(
        await ctx.beside.diff(capture, capture, "--connections", ",".join(numbers))
    )


async def capture(ctx: Context, request: web.Request) -> web.Response:
    """Another capture, as it was before, with this one."""
    name = _file_name(request)
    async with ctx.beside.file(pieces_of(request), name) as path:
        return web.json_response(await ctx.beside.diff(path, ctx.beside.capture))


async def view(ctx: Context, request: web.Request) -> web.Response:
    """A page over a file."""
    name = _file_name(request)
    return web.json_response({"url": await ctx.beside.view(pieces_of(request), name)})


def _file_name(request: web.Request) -> str:
    if request.content_type != FILE_TYPE:
        raise ApiError("bad_request", f"the body must be a file, sent with {FILE_TYPE}")
    return request.query.get("name", "")


_NAME = Parameter("name", "string", "The file's name.")

ROUTES = (
    Route(
        "POST",
        "/compare",
        connections,
        "Compare two connections, as `wsproxy diff` does",
        "Comparison",
        body={
            "before": {"type": "integer", "description": "A connection."},
            "after": {"type": "integer", "description": "Another one."},
        },
        errors=("no_connection", "busy"),
    ),
    Route(
        "POST",
        "/compare/capture",
        capture,
        "Compare a capture file, sent as application/octet-stream, with this capture",
        "Comparison",
        (_NAME,),
        errors=("too_large", "busy"),
    ),
    Route(
        "POST",
        "/view",
        view,
        "Open a file, sent as application/octet-stream, in a page of its own",
        "View",
        (_NAME,),
        errors=("too_large", "busy"),
    ),
)
