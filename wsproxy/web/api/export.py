"""Export: a connection, a list, a selection or everything, as JSON lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from aiohttp import web

from wsproxy.filters.language import FilterError
from wsproxy.render.jsonl import connection_object, dump, frame_object
from wsproxy.web.api.exportfile import export_file
from wsproxy.web.api.routes import (
    MAX_NUMBER,
    QUERY_PARAMETERS,
    Parameter,
    Route,
    bad_filter,
    number,
    query_of,
)
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.interfaces import CaptureReader

PIECE = 100
"""Frames that are read at a time."""


async def export(ctx: Context, request: web.Request) -> web.StreamResponse:
    """Stream lines; each frame's connection comes before it, once. Or a file of another form."""
    if "format" in request.query:
        return await export_file(ctx, request, request.query["format"])
    pieces = _selected(request) or _listed(ctx, request)
    try:
        first = await anext(pieces, None)  # what is wrong with the filter shows here
    except FilterError as error:
        raise bad_filter(error) from None
    response = web.StreamResponse(
        headers={"Content-Disposition": 'attachment; filename="wsproxy.jsonl"'}
    )
    response.content_type = "application/jsonl"
    await response.prepare(request)
    seen: set[int] = set()
    while first is not None:
        await response.write(await ctx.reading(partial(_lines, ids=first, seen=seen)))
        first = await anext(pieces, None)
    await response.write_eof()
    return response


def _selected(request: web.Request) -> AsyncIterator[Sequence[int]] | None:
    text = request.query.get("ids")
    if text is None:
        return None
    try:
        ids = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise ApiError("bad_request", "ids must be numbers with commas between") from None
    if not all(0 <= each < MAX_NUMBER for each in ids):
        raise ApiError("bad_request", "ids are out of range")

    async def pieces() -> AsyncIterator[Sequence[int]]:
        for at in range(0, len(ids), PIECE):
            yield ids[at : at + PIECE]

    return pieces()


async def _listed(ctx: Context, request: web.Request) -> AsyncIterator[Sequence[int]]:
    query = query_of(request)
    after = (number(request, "start", 0) or 0) - 1
    end = None
    while True:

        def page(reader: CaptureReader, after: int = after) -> tuple[list[int], bool, int]:
            page = reader.page(query, after=after, limit=PIECE)
            return [seen.id for seen in page.rows], page.complete, page.upto

        ids, complete, upto = await ctx.reading(page)
        if end is None and complete:
            end = upto  # traffic goes on, the export ends
        if end is not None:
            ids = [frame_id for frame_id in ids if frame_id <= end]
        if ids:
            yield ids
            after = ids[-1]
        elif complete:
            return


def _lines(reader: CaptureReader, ids: Sequence[int], seen: set[int]) -> bytes:
    lines = []
    for frame in reader.pick(ids):
        number = frame.record.connection_id
        if number not in seen:
            seen.add(number)
            connection = reader.connection(number)
            if connection is not None:
                lines.append(dump(connection_object(connection)))
        lines.append(dump(frame_object(frame.id, frame.record, frame.message)))
    return "".join(f"{line}\n" for line in lines).encode()


ROUTES = (
    Route(
        "GET",
        "/export",
        export,
        "Download frames as JSON lines, as `wsproxy run --log-format jsonl` prints them",
        parameters=(
            *QUERY_PARAMETERS,
            Parameter("format", "string", "A whole file of this form (/export/formats) instead."),
            Parameter("ids", "string", "These frames instead, with commas between."),
        ),
        errors=("bad_filter", "busy"),
    ),
)
