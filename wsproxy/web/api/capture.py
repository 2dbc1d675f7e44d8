"""Reading the capture: connections, frames, messages, search, export, timeline."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from aiohttp import web

from wsproxy import __version__
from wsproxy.filters.language import WORDS, FilterError, parse
from wsproxy.model.queries import Query
from wsproxy.payloads.sayings import said_object
from wsproxy.web.api.lookup import connection_of, frame_of
from wsproxy.web.api.routes import (
    QUERY_PARAMETERS,
    Parameter,
    Route,
    bad_filter,
    direction_of,
    json_text,
    number,
    path_number,
    query_of,
    seconds,
    switch,
)
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.extras import MAX_COLOURS, MAX_COLUMNS, Extras
from wsproxy.web.interfaces import CaptureReader
from wsproxy.web.rows import (
    connection_detail,
    connection_summary,
    frame_detail,
    page_object,
    timeline_object,
    trip_object,
    whole_object,
)

MAX_ROWS = 1000

ORDERS = ("", "size", "-size")

MAX_EXTRA_ROWS = 200
"""Rows of an answer whose contents are looked into (wsproxy.web.extras)."""

MAX_CONNECTIONS = 5000
MAX_BUCKETS = 2000


async def status(ctx: Context, request: web.Request) -> web.Response:
    """What this proxy is and how it is doing."""
    left_out = await ctx.reading(lambda reader: reader.left_out())
    rate = ctx.totals.rate(ctx.clock.time())
    return web.json_response(
        {
            "version": __version__,
            "upstream": ctx.upstream_url,
            "proxy": ctx.proxy_url,
            "routes": [{"proxy": url, "upstream": behind} for url, behind in ctx.routes],
            "time": ctx.clock.time(),
            "open": len(ctx.live.connections.live()) if ctx.live is not None else 0,
            "frames": ctx.totals.frames,
            "bytes": ctx.totals.bytes,
            "rate": rate._asdict(),
            "left_out": {why: counted._asdict() for why, counted in left_out.items()},
            "steers": ctx.live is not None,
            "faults": ctx.live is not None and ctx.live.faults is not None,
            "fleet": ctx.fleet is not None,
        }
    )


async def connections(ctx: Context, request: web.Request) -> web.Response:
    """A page of the connections."""
    after = number(request, "after", 0) or 0
    limit = max(number(request, "limit", 200, most=MAX_CONNECTIONS) or 200, 1)
    newest = switch(request, "newest", default=False)

    latest = ctx.totals.latest()

    def work(reader: CaptureReader) -> str:
        found = reader.connections(after, limit, newest=newest)
        if newest or len(found) < limit:  # the capture is moments behind
            last = found[-1].id if found else after
            found = [*found, *(each for each in latest.values() if each.id > last)]
            found = found[-limit:] if newest else found[:limit]
        found = [latest.get(each.id, each) for each in found]
        summaries = [
            connection_summary(each, ctx.totals.of(each.id), ctx.totals.paused.get(each.id, ()))
            for each in found
        ]
        more = len(found) == limit and not newest
        return json.dumps({"connections": summaries, "next": found[-1].id if more else None})

    return json_text(await ctx.reading(work))


async def connection(ctx: Context, request: web.Request) -> web.Response:
    """A connection with its handshake."""
    wanted = path_number(request)
    found = await connection_of(ctx, wanted)
    return web.json_response(
        connection_detail(found, ctx.totals.of(wanted), ctx.totals.paused.get(wanted, ()))
    )


async def frames(ctx: Context, request: web.Request) -> web.Response:
    """A page of frames."""
    return await _page(ctx, request, messages=False)


async def messages(ctx: Context, request: web.Request) -> web.Response:
    """A page of messages, each by the frame that ends it."""
    return await _page(ctx, request, messages=True)


async def _page(ctx: Context, request: web.Request, *, messages: bool) -> web.Response:
    query = query_of(request, messages=messages)
    limit = max(number(request, "limit", 100, most=MAX_ROWS) or 0, 0)
    start = number(request, "start", 0) or 0
    offset, after, before = (number(request, name) for name in ("offset", "after", "before"))
    asked = request.query
    order = asked.get("order", "")
    if order not in ORDERS:
        raise ApiError("bad_request", "order must be size or -size")
    extras = Extras(asked.getall("column", []), asked.getall("colour", []), asked.get("hit", ""))
    if extras:
        limit = min(limit, MAX_EXTRA_ROWS)

    def work(reader: CaptureReader) -> str:
        page = reader.page(
            query,
            offset=offset,
            after=after,
            before=before,
            limit=limit,
            start=start,
            order=order,
        )
        return json.dumps(page_object(page, reader, extras, _cut(reader, query)))

    try:
        return json_text(await ctx.reading(work))
    except FilterError as error:
        raise bad_filter(error) from None


def _cut(reader: CaptureReader, query: Query) -> int:
    """How many frames are recorded in part only, where a filter looks into payloads."""
    if not query.filter or not parse(query.filter).reads_payloads:
        return 0
    return reader.page(replace(query, filter="~cut"), limit=0).total


async def frame(ctx: Context, request: web.Request) -> web.Response:
    """A frame with every bit of its header."""
    seen = await frame_of(ctx, path_number(request))
    detail = frame_detail(seen)
    said, pair = await ctx.reading(lambda reader: reader.said(seen.id))
    if said is not None:
        detail |= said_object(said, tree=True)
    return web.json_response(detail | {"round_trip": trip_object(pair) if pair else None})


async def payload(ctx: Context, request: web.Request) -> web.Response:
    """All that is recorded of a payload, as a download."""
    seen = await frame_of(ctx, path_number(request))
    part = request.query.get("part", "frame")
    data: bytes | None
    if part == "frame":
        data = seen.record.frame.payload
    elif part == "content":
        data = seen.message.content if seen.message is not None else seen.record.frame.payload
    elif part == "sent":
        data = seen.message.sent if seen.message is not None else None
    else:
        raise ApiError("bad_request", "part must be frame, content or sent")
    if data is None:
        raise ApiError("no_message", "nothing else was sent in place of this frame")
    # Untrusted data: always a download, never shown as what it claims to be.
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="frame-{seen.id}.{part}.bin"'},
    )


async def message(ctx: Context, request: web.Request) -> web.Response:
    """A message, with the ids of its frames."""
    connection_id = path_number(request)
    direction = direction_of(request.match_info["direction"])
    wanted = path_number(request, "number")
    whole = await ctx.reading(lambda reader: reader.message(connection_id, direction, wanted))
    if whole is None:
        raise ApiError("no_message")
    return web.json_response(whole_object(whole))


async def filter_words(ctx: Context, request: web.Request) -> web.Response:
    """What a filter means, and the words there are."""
    source = request.query.get("filter", "")
    try:
        explanation = parse(source).explain()
    except FilterError as error:
        raise bad_filter(error) from None
    return web.json_response({"filter": source, "explanation": explanation, "words": WORDS})


async def timeline(ctx: Context, request: web.Request) -> web.Response:
    """What passed over time."""
    connection_id = number(request, "connection")
    start, end = seconds(request, "since"), seconds(request, "until")
    buckets = max(number(request, "buckets", 200, most=MAX_BUCKETS) or 200, 1)
    found = await ctx.reading(lambda reader: reader.timeline(connection_id, start, end, buckets))
    return web.json_response({"timeline": timeline_object(found) if found else None})


async def round_trips(ctx: Context, request: web.Request) -> web.Response:
    """Requests and answers of a connection, paired by the ids in their payloads."""
    wanted = path_number(request)
    limit = max(number(request, "limit", 200, most=MAX_ROWS) or 200, 1)
    pairs = await ctx.reading(lambda reader: reader.round_trips(wanted, limit))
    times = sorted(pair.seconds for pair in pairs)
    summary: dict[str, Any] = {"count": len(times)}
    if times:
        summary |= {
            "median": times[len(times) // 2],
            "p95": times[min(len(times) * 95 // 100, len(times) - 1)],
            "max": times[-1],
        }
    return web.json_response({"summary": summary, "pairs": [trip_object(pair) for pair in pairs]})


ROUTES = (
    Route("GET", "/status", status, "What this proxy is and how it is doing", "Status"),
    Route(
        "GET",
        "/connections",
        connections,
        "List connections",
        "Connections",
        (
            Parameter("after", "integer", "Only connections with a higher id."),
            Parameter(
                "limit", "integer", f"At most so many, and never more than {MAX_CONNECTIONS}."
            ),
            Parameter("newest", "integer", "1 gives the newest instead of the oldest."),
        ),
    ),
    Route(
        "GET",
        "/connections/{id}",
        connection,
        "A connection with its handshake",
        "Connection",
        errors=("no_connection",),
    ),
    Route(
        "GET",
        "/connections/{id}/messages/{direction}/{number}",
        message,
        "A message and its frames",
        "Message",
        errors=("no_message",),
    ),
    Route(
        "GET",
        "/connections/{id}/round-trips",
        round_trips,
        "Requests and answers, paired by the ids in their payloads",
        "RoundTrips",
        (Parameter("limit", "integer", "At most so many."),),
    ),
    *(
        Route(
            "GET",
            path,
            handler,
            summary,
            "Page",
            (
                *QUERY_PARAMETERS,
                Parameter("offset", "integer", "From this place on; negative: from the end."),
                Parameter("after", "integer", "From the first frame with a higher id on."),
                Parameter("before", "integer", "Up to the last frame with a lower id."),
                Parameter("limit", "integer", f"At most so many, and never more than {MAX_ROWS}."),
                Parameter(
                    "order",
                    "string",
                    "`size` or `-size`: the smallest or largest, by what is recorded.",
                ),
                Parameter(
                    "column", "string", f"A JSONPath: a column of rows; up to {MAX_COLUMNS} times."
                ),
                Parameter(
                    "colour",
                    "string",
                    f"A filter: rows say which they match; up to {MAX_COLOURS} times.",
                ),
                Parameter(
                    "hit", "string", "A regular expression: previews show what is around it."
                ),
            ),
            errors=("bad_filter",),
        )
        for path, handler, summary in (
            ("/frames", frames, "List or search frames"),
            ("/messages", messages, "List or search messages"),
        )
    ),
    Route("GET", "/frames/{id}", frame, "A frame, bit by bit", "Frame", errors=("no_frame",)),
    Route(
        "GET",
        "/frames/{id}/payload",
        payload,
        "Download all that is recorded of a payload",
        parameters=(
            Parameter("part", "string", "`frame`, or of its message `content` or `sent`."),
        ),
        errors=("no_frame", "no_message"),
    ),
    Route(
        "GET",
        "/filter",
        filter_words,
        "What a filter means",
        "Filter",
        (Parameter("filter", "string", "The filter."),),
        errors=("bad_filter",),
    ),
    Route(
        "GET",
        "/timeline",
        timeline,
        "What passed over time",
        "Timeline",
        (
            Parameter("connection", "integer", "Only this connection."),
            Parameter("since", "number", "From this time on, in seconds since the epoch."),
            Parameter("until", "number", "Up to this time."),
            Parameter("buckets", "integer", "Into how many parts the time is split."),
        ),
    ),
)
