"""A route with its description, and how requests are read."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from wsproxy.filters.language import FilterError
from wsproxy.model.queries import Query
from wsproxy.model.records import Direction
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError

T = TypeVar("T")

PREFIX = "/api/v1"

MAX_BODY = 1024 * 1024
"""Bytes of a request's body, where no content of a message is in it."""

MAX_MESSAGE_BODY = 32 * 1024 * 1024
"""Bytes of a request's body that holds the content of a message."""

BODY_SECONDS = 10.0
"""How long the pause between two pieces of a body may be."""

MAX_SECONDS = 253402300800.0
"""The end of the year 9999: no clock shows more."""

MAX_SHOWN = 60

MAX_NUMBER = 1 << 62
"""Numbers of the API are less: SQLite takes no larger ones than 1 << 63."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")

Handler = Callable[[Context, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path, and what the OpenAPI description says of it."""

    method: str
    path: str
    """Below PREFIX; `{name}` is a parameter."""
    handler: Handler
    summary: str
    answer: str = ""
    """The name of the answer's schema; empty for one that is not a JSON object."""
    parameters: tuple[Parameter, ...] = ()
    body: dict[str, Any] = field(default_factory=dict)
    """The fields of the request's JSON object, each with its schema."""
    errors: tuple[str, ...] = ()
    """Codes of `errors.ERRORS` beyond those that every route may answer."""
    status: int = 200


def path_number(request: web.Request, name: str = "id") -> int:
    """A number in the path."""
    text = request.match_info[name]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ApiError("bad_request", f"{name} in the path must be a number")
    return int(text)


def number(
    request: web.Request, name: str, default: int | None = None, *, most: int | None = None
) -> int | None:
    """A whole number of the query string."""
    text = request.query.get(name)
    if text is None or text == "":
        return default
    if not _WHOLE.fullmatch(text):
        raise ApiError("bad_request", f"{name} must be a whole number, not {shortened(text)!r}")
    value = int(text)
    if abs(value) >= MAX_NUMBER:
        raise ApiError("bad_request", f"{name} is out of range")
    return min(value, most) if most is not None else value


def seconds(request: web.Request, name: str) -> float | None:
    """A time of the query string, in seconds since the epoch."""
    text = request.query.get(name)
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < MAX_SECONDS:  # nan is not, either
        raise ApiError("bad_request", f"{name} must be a number of seconds")
    return value


def switch(request: web.Request, name: str, *, default: bool) -> bool:
    """`0` or `1` of the query string."""
    text = request.query.get(name)
    if text is None:
        return default
    if text not in ("0", "1"):
        raise ApiError("bad_request", f"{name} must be 0 or 1, not {shortened(text)!r}")
    return text == "1"


QUERY_PARAMETERS = (
    Parameter("connection", "integer", "Only frames of this connection."),
    Parameter("filter", "string", "Only what this filter lets through (docs/filters.md)."),
    Parameter("control", "integer", "0 leaves control frames out; 1 is the default."),
    Parameter("fragments", "integer", "0 lists a message once, by its last frame; default 1."),
    Parameter("since", "number", "Only from this time on, in seconds since the epoch."),
    Parameter("until", "number", "Only up to this time."),
    Parameter("start", "integer", "Leaves out all frames with a lower id."),
)


def query_of(request: web.Request, *, messages: bool = False) -> Query:
    """The Query that QUERY_PARAMETERS of a request ask for."""
    return Query(
        number(request, "connection"),
        request.query.get("filter", "").strip(),
        control=not messages and switch(request, "control", default=True),
        fragments=not messages and switch(request, "fragments", default=True),
        since=seconds(request, "since"),
        until=seconds(request, "until"),
    )


def bad_filter(error: FilterError) -> ApiError:
    """What the API says of a filter that cannot be read."""
    text = str(error)
    if len(text) > 4 * MAX_SHOWN:  # it quotes the filter; what is wrong with it stands at the end
        text = f"{text[:MAX_SHOWN]}…{text[-2 * MAX_SHOWN :]}"
    return ApiError("bad_filter", text)


def shortened(text: str) -> str:
    """What was given, as far as an error shows it."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


async def pieces_of(request: web.Request) -> AsyncIterator[bytes]:
    """The request's body as it comes; raises ApiError where nothing comes for too long."""
    pieces = request.content.iter_any()
    while True:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ApiError("too_late") from None
        yield piece


async def text_of(request: web.Request, limit: int = MAX_BODY) -> str:
    """The request's body as text, of at most `limit` bytes; raises ApiError."""
    data = bytearray()
    async for piece in pieces_of(request):
        data += piece
        if len(data) > limit:
            raise ApiError("too_large", f"the body must have at most {limit} bytes")
    try:
        return data.decode(request.charset or "utf-8")
    except (LookupError, UnicodeError):
        raise ApiError("bad_request", "the body cannot be read as text of its charset") from None


async def body_of(request: web.Request, limit: int = MAX_BODY) -> dict[str, Any]:
    """The request's JSON object; `limit` in bytes."""
    if not request.content_type.endswith("json"):
        # A form of another origin can send anything but this.
        raise ApiError(
            "bad_request", "the body must be JSON, sent with Content-Type: application/json"
        )
    text = await text_of(request, limit)
    try:
        value = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except UnicodeEncodeError:
        raise ApiError("bad_request", "text in the body must be Unicode text") from None
    except (ValueError, RecursionError) as error:
        raise ApiError("bad_request", f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ApiError("bad_request", "the body must be a JSON object")
    return value


def direction_of(value: object) -> Direction:
    """`upstream` or `downstream`."""
    if value == "upstream":
        return Direction.UPSTREAM
    if value == "downstream":
        return Direction.DOWNSTREAM
    raise ApiError("bad_request", f"direction must be upstream or downstream, not {value!r}")


CONTENT_FIELDS: dict[str, Any] = {
    "text": {"type": "string", "description": "The content as text."},
    "json": {"description": "The content as a JSON value, sent as text."},
    "hex": {"type": "string", "description": "The content as hexadecimal digits."},
    "base64": {"type": "string", "description": "The content in base64."},
}


def content_of(body: dict[str, Any]) -> bytes | None:
    """The content that CONTENT_FIELDS of a body give; None if there is none."""
    given = [name for name in CONTENT_FIELDS if name in body]
    if not given:
        return None
    if len(given) > 1:
        raise ApiError("bad_request", f"give one of {' and '.join(given)}, not both")
    name = given[0]
    value = body[name]
    if name == "json":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if not isinstance(value, str):
        raise ApiError("bad_request", f"{name} must be a string")
    try:
        if name == "hex":
            return bytes.fromhex(value)
        if name == "base64":
            return base64.b64decode(value, validate=True)
        return value.encode()
    except (ValueError, binascii.Error) as error:
        words = {"hex": "pairs of 0-9 and a-f", "base64": "base64", "text": "Unicode text"}[name]
        raise ApiError("bad_request", f"{name} must be {words}") from error


async def settled(result: T | Awaitable[T]) -> T:
    """A result that may have to be waited for: in a view of a fleet it comes from elsewhere."""
    return await result if isinstance(result, Awaitable) else result


def json_text(text: str, status: int = 200) -> web.Response:
    """An answer that is JSON already."""
    return web.Response(text=text, status=status, content_type="application/json")
