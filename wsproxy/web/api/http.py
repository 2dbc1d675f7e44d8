"""Plain HTTP: requests on the proxy's port that became no WebSocket."""

from __future__ import annotations

import contextlib
import json

from aiohttp import web

from wsproxy.model.http import HttpRecord
from wsproxy.protocol.handshake import header
from wsproxy.web.api.lookup import connection_of, http_of
from wsproxy.web.api.routes import Parameter, Route, json_text, number, path_number, switch
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.httprows import http_detail, http_row
from wsproxy.web.interfaces import CaptureReader

MAX_ROWS = 1000

MAX_WAITING = 100
"""Requests without an answer that are told."""


async def requests(ctx: Context, request: web.Request) -> web.Response:
    """A page of the requests."""
    after = number(request, "after", 0) or 0
    limit = max(number(request, "limit", 200, most=MAX_ROWS) or 200, 1)
    newest = switch(request, "newest", default=False)
    connection_id = number(request, "connection")
    of = None if connection_id is None else await connection_of(ctx, connection_id)
    if ctx.totals.latest_http:  # the capture is moments behind
        with contextlib.suppress(ApiError):
            await http_of(ctx, ctx.totals.latest_http[-1])

    def work(reader: CaptureReader) -> str:
        found = reader.http(after, limit, newest=newest, of=of)
        sayings = reader.http_sayings()
        more = len(found) == limit and not newest
        rows = [http_row(one, sayings.of(one).line) for one in found]
        return json.dumps({"requests": rows, "next": found[-1].id if more else None})

    return json_text(await ctx.reading(work))


async def waiting(ctx: Context, request: web.Request) -> web.Response:
    """What has been asked and not been answered, or not to the end; it has no id yet."""
    connection_id = number(request, "connection")
    found = ctx.live.connections.asking() if ctx.live is not None else []
    if connection_id is not None:
        connection = await connection_of(ctx, connection_id)
        agent = header(connection.request_headers, "User-Agent") or ""
        host = connection.client.rpartition(":")[0]
        found = [
            one for one in found if (one.agent, one.client.rpartition(":")[0]) == (agent, host)
        ]
    return web.json_response(
        {
            "now": ctx.clock.time(),
            "waiting": len(found),
            "requests": [http_row(one) for one in found[:MAX_WAITING]],
        }
    )


async def one_request(ctx: Context, request: web.Request) -> web.Response:
    """A request and its answer, with headers and bodies."""
    found = await http_of(ctx, path_number(request))

    def work(reader: CaptureReader) -> str:
        said = reader.http_sayings().of_one(
            found, lambda after, most: reader.http(after, most, newest=False, of=None)
        )
        return json.dumps(http_detail(found, said))

    return json_text(await ctx.reading(work))


async def body(ctx: Context, request: web.Request) -> web.Response:
    """All that is recorded of a body, as it came, as a download."""
    found = await http_of(ctx, path_number(request))
    part = request.query.get("part", "response")
    bodies = {"request": _request_body, "response": _response_body}
    if part not in bodies:
        raise ApiError("bad_request", "part must be request or response")
    # Untrusted data: always a download, never shown as what it claims to be.
    name = f"http-{found.id}.{part}.bin"
    return web.Response(
        body=bodies[part](found),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _request_body(record: HttpRecord) -> bytes:
    return record.request_body


def _response_body(record: HttpRecord) -> bytes:
    return record.response_body


ROUTES = (
    Route(
        "GET",
        "/http",
        requests,
        "List the requests of plain HTTP",
        "HttpRequests",
        (
            Parameter("after", "integer", "Only requests with a higher id."),
            Parameter("limit", "integer", f"At most so many, and never more than {MAX_ROWS}."),
            Parameter("newest", "integer", "1 gives the newest instead of the oldest."),
            Parameter(
                "connection",
                "integer",
                "Only requests of the client of this connection: same address, same User-Agent.",
            ),
        ),
        errors=("no_connection",),
    ),
    Route(
        "GET",
        "/http/waiting",
        waiting,
        f"Requests of plain HTTP without a whole answer, the {MAX_WAITING} oldest",
        "HttpWaiting",
        (Parameter("connection", "integer", "As for /http."),),
        errors=("no_connection",),
    ),
    Route(
        "GET",
        "/http/{id}",
        one_request,
        "A request and its answer",
        "HttpDetail",
        errors=("no_request",),
    ),
    Route(
        "GET",
        "/http/{id}/body",
        body,
        "Download all that is recorded of a body",
        parameters=(Parameter("part", "string", "`request` or `response`, the default."),),
        errors=("no_request",),
    ),
)
