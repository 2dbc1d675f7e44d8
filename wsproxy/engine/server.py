"""aiohttp's HTTP server, with errors of one line: to the client, and in the log."""

from __future__ import annotations

import logging
import traceback

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

_log = logging.getLogger(__name__)


class Server(web.Server):
    """Handles what is not HTTP, and failures of its own, without stack traces."""

    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


class _Handler(RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer in one line; aiohttp's own answers have several, and its log a stack trace."""
        if status == 500 and exc is not None:
            place = traceback.extract_tb(exc.__traceback__)[-1]
            _log.error(
                "a failure of wsproxy's own (%s line %s): %r",
                place.filename,
                place.lineno,
                exc,
                exc_info=exc,
            )
            reason = "internal error"
        else:
            # aiohttp's reasons go on with the bytes that it stumbled over.
            reason = (message or str(exc)).strip().splitlines()[0].rstrip(":").lower()
            _log.warning("bad request from %s: %s", request.remote or "a client", reason)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        response = web.Response(status=status, text=f"wsproxy: {reason}\n")
        response.force_close()
        return response
