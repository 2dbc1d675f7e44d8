"""Export in any form: `wsproxy export` writes it, in a process of its own."""

from __future__ import annotations

import logging

from aiohttp import web

from wsproxy.filters.language import FilterError, parse
from wsproxy.web.api.routes import Route, bad_filter, query_of, shortened
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError

_log = logging.getLogger(__name__)


async def formats(ctx: Context, request: web.Request) -> web.Response:
    """The forms there are."""
    found = [
        {
            "name": name,
            "title": form.title,
            "suffix": form.suffix,
            "content_type": form.content_type,
            "lacks": form.lacks,
        }
        for name, form in ctx.beside.forms.items()
    ]
    return web.json_response({"formats": found})


async def export_file(ctx: Context, request: web.Request, name: str) -> web.StreamResponse:
    """Stream the capture in the form of this name."""
    form = ctx.beside.forms.get(name)
    if form is None:
        known = ", ".join(ctx.beside.forms)
        raise ApiError("bad_request", f"format must be one of {known}, not {shortened(name)!r}")
    if "ids" in request.query:
        raise ApiError("bad_request", "ids and format do not go together")
    async with ctx.beside.export(name, _options(request)) as export:
        first = await export.read()  # what is wrong shows here, and has a status of its own
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="wsproxy.{form.suffix}"'}
        )
        response.content_type = form.content_type
        await response.prepare(request)
        piece = first
        try:
            while piece:
                await response.write(piece)
                piece = await export.read()
        except ApiError as error:
            # The connection breaks off, so that nobody takes half a file for a whole.
            _log.warning("an export from the page failed: %s", error)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
    return response


def _options(request: web.Request) -> list[str]:
    query = query_of(request)
    try:
        parse(query.filter)
    except FilterError as error:
        raise bad_filter(error) from None
    options = []
    for name, value in (
        ("connection", query.connection_id),
        ("filter", query.filter or None),
        ("since", query.since),
        ("until", query.until),
    ):
        if value is not None:
            options.append(f"--{name}={value}")
    return options


ROUTES = (Route("GET", "/export/formats", formats, "List the forms of exports", "ExportFormats"),)
