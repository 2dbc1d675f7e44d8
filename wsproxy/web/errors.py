"""All errors of the API, in one place and one shape.

An answer that is an error is `{"error": {"code": ..., "message": ...}}` with a status of 4xx or
5xx. Programs go by the code, people read the message.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

ERRORS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "the request cannot be read"),
    "bad_filter": (400, "the filter cannot be read"),
    "bad_fault": (400, "the fault cannot be"),
    "token_missing": (401, "the token that wsproxy printed at its start is missing or wrong"),
    "bad_host": (403, "the Host header does not name this server"),
    "bad_origin": (403, "a page of another origin must not use this API"),
    "not_found": (404, "there is nothing under this path"),
    "no_connection": (404, "there is no such connection"),
    "no_frame": (404, "there is no such frame"),
    "no_message": (404, "there is no such message"),
    "no_request": (404, "there is no such request of plain HTTP"),
    "no_breakpoint": (404, "there is no such breakpoint"),
    "not_held": (404, "nothing of this number waits at a breakpoint"),
    "no_fault": (404, "there is no such fault"),
    "no_faults": (404, "this proxy runs without a fault engine"),
    "method_not_allowed": (405, "the path has no such method"),
    "too_late": (408, "the body did not come in time"),
    "not_open": (409, "the connection is not open"),
    "payload_cut": (409, "the capture has only the beginning of this payload"),
    "too_many_notes": (409, "the capture has as many notes as it can have"),
    "too_large": (413, "the request is too large"),
    "not_written": (503, "it could not be written into the capture"),
    "not_reached": (504, "the instance of the fleet did not do it"),
    "too_many": (503, "too many pages are open; close one"),
    "busy": (503, "something else of this kind is under way; try again in a moment"),
    "internal": (500, "wsproxy failed; its standard error says more"),
}
"""By code: the status and the message, where there is none that says more."""


class ApiError(Exception):
    """An error that a client of the API is told."""

    def __init__(self, code: str, message: str | None = None) -> None:
        """`code` is one of ERRORS."""
        self.code = code
        self.status, plain = ERRORS[code]
        self.message = message or plain
        super().__init__(self.message)


def error_object(code: str, message: str) -> dict[str, Any]:
    """The one shape."""
    return {"error": {"code": code, "message": message}}


def error_response(error: ApiError) -> web.Response:
    """The answer for an error."""
    return web.json_response(error_object(error.code, error.message), status=error.status)
