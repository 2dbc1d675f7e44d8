"""Who is in the fleet that a view shows."""

from __future__ import annotations

from aiohttp import web

from wsproxy.web.api.routes import Route
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError


async def listed(ctx: Context, request: web.Request) -> web.Response:
    """All instances, and how the view follows them."""
    if ctx.fleet is None:
        raise ApiError("not_found")
    return web.json_response(ctx.fleet.state())


ROUTES = (
    Route(
        "GET",
        "/fleet",
        listed,
        "The instances of the fleet that a view shows, and how each is",
        "Fleet",
        errors=("not_found",),
    ),
)
