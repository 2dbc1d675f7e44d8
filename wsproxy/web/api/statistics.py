"""The whole capture in numbers."""

from __future__ import annotations

from aiohttp import web

from wsproxy.web.api.routes import Route
from wsproxy.web.context import Context


async def statistics(ctx: Context, _: web.Request) -> web.Response:
    """All that is captured so far."""
    return web.json_response(await ctx.beside.statistics())


ROUTES = (
    Route(
        "GET",
        "/stats",
        statistics,
        "The capture in numbers, as `wsproxy stats --json` prints them",
        "Statistics",
        errors=("busy",),
    ),
)
