"""The server of the page and its API."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from wsproxy.errors import CaptureError, NotReachedError, WsproxyError
from wsproxy.model.records import Counted
from wsproxy.web.api import (
    breakpoints,
    capture,
    compare,
    control,
    conversation,
    export,
    exportfile,
    faults,
    fleet,
    http,
    notes,
    statistics,
)
from wsproxy.web.api.routes import MAX_MESSAGE_BODY, PREFIX, Route
from wsproxy.web.context import Context
from wsproxy.web.errors import ApiError, error_response
from wsproxy.web.feed import Feed
from wsproxy.web.guard import SECURITY_HEADERS, Guard
from wsproxy.web.openapi import describe

READING_ROUTES: tuple[Route, ...] = (
    *capture.ROUTES,
    *http.ROUTES,
    *conversation.ROUTES,
    *statistics.ROUTES,
    *compare.ROUTES,
    *export.ROUTES,
    *exportfile.ROUTES,
    *notes.ROUTES,
)
"""What there is for any capture."""

API_ROUTES: tuple[Route, ...] = (
    *READING_ROUTES,
    *control.ROUTES,
    *breakpoints.ROUTES,
    *faults.ROUTES,
)
"""What of the API is more than this server's own business."""

REQUEST_SECONDS = 10.0
"""How long a client may take for its first request, and pause between two."""

MAX_CONNECTIONS = 256
"""Clients at a time, the listeners of the feed among them."""

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

_log = logging.getLogger(__name__)

HEALTH, METRICS = "/healthz", "/metrics"

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page_url(host: str, port: int, token: str) -> str:
    """Where a browser finds the page, with the token."""
    # A browser wants an address to go to, not the one that stands for all of them.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - that is the point
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={quote(token, safe='')}"


class WebServer:
    """Serves the page, the API and the feed."""

    def __init__(self, ctx: Context, feed: Feed, token: str, host: str) -> None:
        self._ctx = ctx
        self._feed = feed
        self._guard = Guard(token, host)
        self._host = host
        self._static = _load_static()
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._silent: set[RequestHandler] = set()
        """Connections over which no request has come yet."""
        self.routes: tuple[Route, ...] = (
            *(READING_ROUTES if ctx.live is None else API_ROUTES),
            *(() if ctx.fleet is None else fleet.ROUTES),
            Route("GET", "/feed", self._serve_feed, "The live feed, a WebSocket"),
            Route("GET", "/openapi.json", self._openapi, "This description"),
        )
        self._description = describe(self.routes)
        if ctx.live is not None:
            ctx.live.breakpoints.on_change(
                lambda: feed.tell("breakpoints", lambda: breakpoints.state(ctx))
            )

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._middleware], client_max_size=MAX_MESSAGE_BODY)
        for route in self.routes:
            app.router.add_route(route.method, PREFIX + route.path, self._bind(route))
        app.router.add_get("/", self._page)
        app.router.add_get(HEALTH, self._health)
        app.router.add_get(METRICS, self._metrics)
        app.router.add_get("/static/{path:.+}", self._file)
        return app

    async def start(self, port: int, *, or_any: bool = False) -> int:
        """Listen; returns the port.

        `or_any` takes a free port where `port` is taken. Raises WsproxyError.
        """
        self._runner = web.AppRunner(
            self.app(),
            handle_signals=False,
            access_log=None,
            shutdown_timeout=1.0,
            keepalive_timeout=REQUEST_SECONDS,
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(self._accept, self._host, port)
        except OSError as error:
            if or_any and port and error.errno == errno.EADDRINUSE:
                await self._runner.cleanup()
                return await self.start(0)
            await self._runner.cleanup()
            reason = (error.strerror or str(error)).lower()
            raise WsproxyError(
                f"cannot serve the page on {self._host}:{port}: {reason};"
                " --web-port 0 takes a free port, --no-web none"
            ) from None
        return int(self._listening.sockets[0].getsockname()[1])

    def _accept(self) -> asyncio.Protocol:
        """The protocol of a client's connection."""
        server = self._runner.server if self._runner is not None else None
        if server is None or len(server.connections) >= MAX_CONNECTIONS:
            return _Refusing()
        handler = server()
        self._silent.add(handler)
        asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._drop_silent, handler)
        return handler

    def _drop_silent(self, handler: RequestHandler) -> None:
        """Wait no longer for a first request (for a second one aiohttp has a timeout)."""
        if handler in self._silent:
            self._silent.discard(handler)
            handler.force_close()

    async def stop(self) -> None:
        """Close everything."""
        if self._listening is not None:
            self._listening.close()
        await self._feed.close()
        await self._ctx.beside.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._ctx.reading.close()

    def _bind(self, route: Route) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await route.handler(self._ctx, request)

        return handle

    @web.middleware
    async def _middleware(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        try:
            # Probes and scrapers know us by any name; a page of another origin sends no token.
            if request.path not in (HEALTH, METRICS):
                self._guard.check_sender(request)
            if request.path == "/" and "token" in request.query:
                return self._let_in(request)
            if not (_is_style(request) or self._is_public(request)):
                self._guard.check_token(request)
            response = await handler(request)
        except NotReachedError as error:
            response = self._refuse(request, ApiError("not_reached", str(error)))
        except ApiError as error:
            if error.code == "token_missing":
                await self._guard.wait()
            response = self._refuse(request, error)
        except web.HTTPException as error:
            response = error_response(_from_aiohttp(error))
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            _log.exception("%s %s failed", request.method, request.path)
            response = error_response(ApiError("internal"))
        if not response.prepared:
            response.headers.update(SECURITY_HEADERS)
            response.headers[hdrs.SERVER] = "wsproxy"  # aiohttp would name versions
        return response

    def _let_in(self, request: web.Request) -> web.StreamResponse:
        """Swap the token in the URL for a cookie, so that it stays out of history and decoders."""
        self._guard.check_given(request.query["token"])
        rest = request.rel_url.without_query_params("token")
        response = web.Response(status=303, headers={hdrs.LOCATION: str(rest)})
        self._guard.let_in(response)
        response.headers.update(SECURITY_HEADERS)
        return response

    def _refuse(self, request: web.Request, error: ApiError) -> web.Response:
        if request.path != "/":
            return error_response(error)
        page = self._static["refused.html"].decode()
        message = escape(f"{error.message[:1].upper()}{error.message[1:]}.")
        return web.Response(
            text=page.replace("$message", message),
            content_type="text/html",
            status=error.status,
            headers=SECURITY_HEADERS,
        )

    async def _page(self, request: web.Request) -> web.Response:
        return self._static_response("index.html")

    def _is_public(self, request: web.Request) -> bool:
        public = self._ctx.metrics_public
        return request.path == HEALTH or (public and request.path == METRICS)

    async def _health(self, request: web.Request) -> web.Response:
        """For probes: it answers, so the event loop that relays does, too."""
        return web.json_response({"status": "ok"})

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._ctx.metrics is None:
            raise ApiError("not_found", "metrics need: pip install 'wsproxy[metrics]'")
        # The library's content type has a charset, which aiohttp wants apart.
        headers = {hdrs.CONTENT_TYPE: METRICS_TYPE}
        left_out: dict[str, Counted] = {}
        with contextlib.suppress(CaptureError):  # the rest can be told all the same
            left_out = await self._ctx.reading(lambda reader: reader.left_out())
        return web.Response(body=self._ctx.metrics.text(left_out), headers=headers)

    async def _file(self, request: web.Request) -> web.Response:
        return self._static_response(request.match_info["path"])

    def _static_response(self, path: str) -> web.Response:
        found = self._static.get(path)
        if found is None:
            raise ApiError("not_found")
        content_type = _TYPES[path[path.rindex(".") :]]
        return web.Response(body=found, content_type=content_type, charset="utf-8")

    async def _serve_feed(self, ctx: Context, request: web.Request) -> web.StreamResponse:
        if request.headers.get(hdrs.UPGRADE, "").lower() != "websocket":
            raise ApiError("bad_request", "the feed is a WebSocket")
        return await self._feed.serve(request)

    async def _openapi(self, ctx: Context, request: web.Request) -> web.Response:
        return web.json_response(self._description)


class _Refusing(asyncio.Protocol):
    """A client that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        transport.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        transport.close()


def _is_style(request: web.Request) -> bool:
    """What the page needs that says why somebody was not let in: nothing of it is secret."""
    return request.path.startswith("/static/css/") or request.path == "/static/icon.svg"


def _from_aiohttp(error: web.HTTPException) -> ApiError:
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    return ApiError(codes.get(error.status, "bad_request"))


def _load_static() -> dict[str, bytes]:
    """All files of the page, by their paths: read once, so that no request reaches the disk."""
    found: dict[str, bytes] = {}
    folders = [("", files("wsproxy.web") / "static")]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir():
            name = prefix + entry.name
            if entry.is_dir():
                folders.append((f"{name}/", entry))
            elif name[name.rfind(".") :] in _TYPES:
                found[name] = entry.read_bytes()
    return found
