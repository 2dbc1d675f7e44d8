"""Single frames and connections, also those that passed a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError

T = TypeVar("T")

PATIENCE = 20
LOOK_SECONDS = 0.05
"""What the feed has told of already is written within moments: look again so often."""


async def frame_of(ctx: Context, frame_id: int) -> Seen:
    """A frame; raises ApiError if there is none of this id."""
    seen = await looked_up(
        lambda: ctx.reading(lambda reader: reader.frame(frame_id)),
        expected=lambda: ctx.totals.earliest_id <= frame_id <= ctx.totals.newest_id,
    )
    if seen is None:
        raise ApiError("no_frame")
    return seen


async def connection_of(ctx: Context, number: int) -> ConnectionRecord:
    """A connection; raises ApiError if there is none of this id."""
    found = await looked_up(
        lambda: ctx.reading(lambda reader: reader.connection(number)),
        expected=lambda: number in ctx.totals.latest(),
    )
    if found is None:
        raise ApiError("no_connection")
    return found


async def http_of(ctx: Context, number: int) -> HttpRecord:
    """A request of plain HTTP, with its bodies; raises ApiError if there is none of this id."""
    found = await looked_up(
        lambda: ctx.reading(lambda reader: reader.http_request(number)),
        expected=lambda: number in ctx.totals.latest_http,
    )
    if found is None:
        raise ApiError("no_request")
    return found


async def looked_up(
    look: Callable[[], Awaitable[T | None]], *, expected: Callable[[], bool]
) -> T | None:
    """What `look` finds, looked for again while it is `expected` to be there soon."""
    found = await look()
    for _ in range(PATIENCE):
        if found is not None or not expected():
            break
        await asyncio.sleep(LOOK_SECONDS)
        found = await look()
    return found
