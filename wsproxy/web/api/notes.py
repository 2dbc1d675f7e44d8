"""Notes and bookmarks on messages and connections. They live in the capture."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from wsproxy.model.notes import MAX_NOTE, MAX_NOTES, NoteKey, NoteRecord
from wsproxy.web.api.lookup import connection_of, looked_up
from wsproxy.web.api.routes import Parameter, Route, body_of, direction_of, number, path_number
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError
from wsproxy.web.rows import note_object

MAX_ROWS = 1000

_BODY = {
    "note": {"type": "string", "description": f"At most {MAX_NOTE} characters; empty: none."},
    "marked": {"type": "boolean", "description": "Whether it is bookmarked."},
}


async def notes(ctx: Context, request: web.Request) -> web.Response:
    """A page of all notes."""
    offset = max(number(request, "offset", 0) or 0, 0)
    limit = max(number(request, "limit", MAX_ROWS, most=MAX_ROWS) or 0, 0)
    found = await ctx.reading(lambda reader: reader.notes())
    shown = [note_object(note) for note in found[offset : offset + limit]]
    return web.json_response({"offset": offset, "total": len(found), "notes": shown})


async def note_connection(ctx: Context, request: web.Request) -> web.Response:
    """Change the note on a connection."""
    connection = await connection_of(ctx, path_number(request))
    return await _change(ctx, request, (connection.id, None, None))


async def note_message(ctx: Context, request: web.Request) -> web.Response:
    """Change the note on a message."""
    connection = await connection_of(ctx, path_number(request))
    direction = direction_of(request.match_info["direction"])
    wanted = path_number(request, "number")
    frame_id = await looked_up(
        lambda: ctx.reading(lambda reader: reader.last_frame(connection.id, direction, wanted)),
        expected=lambda: connection.end is None,
    )
    if frame_id is None:
        raise ApiError("no_message")
    return await _change(ctx, request, (connection.id, direction, wanted))


async def _change(ctx: Context, request: web.Request, key: NoteKey) -> web.Response:
    text, marked = _asked(await body_of(request))
    before, count = await ctx.reading(lambda reader: (reader.note(key), len(reader.notes())))
    if before is None and count >= MAX_NOTES:
        raise ApiError("too_many_notes")
    before = before or NoteRecord(*key)
    wanted = NoteRecord(
        *key, before.text if text is None else text, before.marked if marked is None else marked
    )
    await ctx.keep_note(wanted)

    async def kept() -> NoteRecord | None:
        now = await ctx.reading(lambda reader: reader.note(key)) or NoteRecord(*key)
        return now if now == wanted else None

    if await looked_up(kept, expected=lambda: True) is None:
        raise ApiError("not_written")
    return web.json_response(note_object(wanted))


def _asked(body: dict[str, Any]) -> tuple[str | None, bool | None]:
    text, marked = body.get("note"), body.get("marked")
    if text is None and marked is None:
        raise ApiError("bad_request", "give note, marked or both")
    if text is not None and not isinstance(text, str):
        raise ApiError("bad_request", "note must be a string")
    if marked is not None and not isinstance(marked, bool):
        raise ApiError("bad_request", "marked must be true or false")
    if text is not None and len(text) > MAX_NOTE:
        raise ApiError("bad_request", f"note must have at most {MAX_NOTE} characters")
    return text, marked


ROUTES = (
    Route(
        "GET",
        "/notes",
        notes,
        "List notes and bookmarks",
        "Notes",
        (
            Parameter("offset", "integer", "From this place on."),
            Parameter("limit", "integer", f"At most so many, and never more than {MAX_ROWS}."),
        ),
    ),
    Route(
        "PATCH",
        "/connections/{id}/note",
        note_connection,
        "Write something down about a connection, or bookmark it",
        "Note",
        body=_BODY,
        errors=("no_connection", "too_many_notes", "not_written"),
    ),
    Route(
        "PATCH",
        "/connections/{id}/messages/{direction}/{number}/note",
        note_message,
        "Write something down about a message, or bookmark it",
        "Note",
        body=_BODY,
        errors=("no_connection", "no_message", "too_many_notes", "not_written"),
    ),
)
