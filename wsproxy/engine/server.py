"""aiohttp's HTTP server with bounds: how many clients there may be, and how slow one may be.

Its errors are one line each, to the client and in the log.
"""

from __future__ import annotations

import asyncio
import logging
import math
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from wsproxy.engine.answering import own_answer

_log = logging.getLogger(__name__)

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Limits:
    """Bounds of a server, and how often each was met."""

    max_connections: int
    request_seconds: float
    """How long a request's head may take, and a pause in its body."""
    refused_connections: int = 0
    late_requests: int = 0


FILES_KEPT = 64
"""Open files that are not for clients: the capture, the page, the program itself."""

FILES_LEFT = 16
"""Open files that are left for these when so much is open that no client is taken any more."""

STARVED_SECONDS = 60.0
"""How long there must have been files for all, before it is said again that there are none."""

MANY_FILES = 1 << 21
"""Stands for no limit."""


def max_files() -> int:
    """How many files, sockets among them, the system lets this process open."""
    try:
        import resource
    except ImportError:  # Windows
        return 8192
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MANY_FILES if limit == resource.RLIM_INFINITY else limit


def default_max_connections() -> int:
    """How many clients the limit of open files allows: each takes one more to the upstream."""
    return max((max_files() - FILES_KEPT) // 2, 1)


class Server(web.Server):
    """Handles what is not HTTP, and failures of its own, without stack traces."""

    def __init__(self, handler: Handle, limits: Limits, **options: Any) -> None:
        super().__init__(self._serve, **options)
        self._handle = handler
        self.limits = limits
        self._upgraded = 0
        """Clients whose connections carry no more requests, as they were upgraded."""
        self._full = False
        self._max_files = max_files()
        self._starved = -math.inf
        """When a client came last for which no file was left."""

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._connections) + self._upgraded

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        limits = self.limits
        # The lowest number is given first: a high one says that as many are open.
        starved = transport.get_extra_info("socket").fileno() >= self._max_files - FILES_LEFT
        if starved:
            self.out_of_files()
        elif self.clients < limits.max_connections:
            super().connection_made(handler, transport)
            self._full = False
            self.client_joined(handler, transport)
            return
        elif not self._full:
            self._full = True
            _log.warning(
                "%d clients are connected, more get 503 (--max-connections)",
                limits.max_connections,
            )
        limits.refused_connections += 1
        why = "open files (ulimit -n)" if starved else "connections (--max-connections)"
        transport.write(own_answer(503, f"too many {why}"))
        # Its task is still to begin, and expects to find the connection as it was.
        self._loop.call_soon(handler.force_close)

    def hear_of_files(self) -> None:
        """Say it once where asyncio says a thousand times that no file is left for a client."""
        loop = asyncio.get_running_loop()
        others = loop.get_exception_handler() or type(loop).default_exception_handler

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            if context["message"] == "socket.accept() out of system resource":
                self.out_of_files()
            else:
                others(loop, context)

        loop.set_exception_handler(handle)

    def out_of_files(self) -> None:
        """A client came, and no file is left for it."""
        before, self._starved = self._starved, self._loop.time()
        if self._starved - before > STARVED_SECONDS:
            _log.error(
                "too many files are open (%d may be): no more clients are taken until some leave;"
                " `ulimit -n` allows more",
                self._max_files,
            )

    def client_joined(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """A client has come, and may stay."""

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        # aiohttp waits for its task first; what counts here are sockets.
        self._connections.pop(handler, None)

    def hand_over(self, handler: RequestHandler) -> Callable[[], None]:
        """A client's connection was upgraded; what is returned is to be called when it has left."""
        self._upgraded += 1
        return self._upgraded_left

    def _upgraded_left(self) -> None:
        self._upgraded -= 1

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = connection_of(request)
        connection.stop_clock()
        try:
            return await self._handle(request)
        finally:
            connection.start_clock()


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_begun", "_clock", "_server", "gone")

    def __init__(self, server: Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._clock: asyncio.TimerHandle | None = None
        self._begun = False
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the client has left."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.start_clock()

    def data_received(self, data: bytes) -> None:
        self._begun = True
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.stop_clock()
        super().connection_lost(exc)
        if not self.gone.done():
            self.gone.set_result(None)

    def hand_over(self) -> Callable[[], None]:
        """Forget the socket and all there was for requests: a connection may be silent for days.

        What is returned is to be called when the client has left.
        """
        left = self._server.hand_over(self)
        self.transport = None  # or it would be closed
        self.connection_lost(None)
        return left

    def stop_clock(self) -> None:
        """A whole request is there."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def start_clock(self) -> None:
        """Wait for the next request, but not for ever."""
        self.stop_clock()
        self._begun = False
        if self.transport is not None:
            self._clock = self._loop.call_later(self._server.limits.request_seconds, self._late)

    def _late(self) -> None:
        self._clock = None
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._begun:  # an idle connection is no news
            limits = self._server.limits
            limits.late_requests += 1
            seconds = limits.request_seconds
            reason = f"no whole request came within {seconds:g} seconds (--request-timeout)"
            peer = transport.get_extra_info("peername")
            _log.warning("%s: %s", peer[0] if peer else "a client", reason)
            transport.write(own_answer(408, reason))
        self.force_close()

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
        # aiohttp would name its version and Python's.
        headers = {"Server": "wsproxy"}
        response = web.Response(status=status, text=f"wsproxy: {reason}\n", headers=headers)
        response.force_close()
        return response


def connection_of(request: web.BaseRequest) -> Connection:
    """The connection that a request came over."""
    return cast("Connection", request.protocol)
