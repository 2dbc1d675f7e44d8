"""The composition root: the one place that knows every adapter."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsproxy import __version__
from wsproxy.breakpoints.control import Breakpoints
from wsproxy.clock import LoopClock
from wsproxy.config import DEFAULT_WEB_PORT, FleetSettings, Settings
from wsproxy.engine.environment import Environment, FaultSource
from wsproxy.engine.listener import Listener
from wsproxy.engine.listeners import Listeners
from wsproxy.engine.server import Limits, default_max_connections
from wsproxy.engine.tls import listening_context, upstream_context
from wsproxy.engine.upstream import Upstream
from wsproxy.formats.registry import EXPORT_FORMS
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import InFlightSayings
from wsproxy.protocol.secrets import Mask, NoMask
from wsproxy.relay.http_hooks import HttpHooks
from wsproxy.relay.interfaces import Interception, LiveConnection, Watcher
from wsproxy.relay.journal import Journal
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.forwarding import Forwarding
from wsproxy.store.private import make_private, remove_private
from wsproxy.store.recorder import CaptureRecorder
from wsproxy.web.beside import Beside
from wsproxy.web.context import Context, Steering
from wsproxy.web.feed import Feed
from wsproxy.web.interfaces import FaultControl
from wsproxy.web.reading import Reading
from wsproxy.web.server import WebServer, page_url
from wsproxy.web.totals import Totals

if TYPE_CHECKING:
    from wsproxy.fleet.connecting import Access
    from wsproxy.fleet.member import Member
    from wsproxy.web.metrics import Metrics

DECODE_SECONDS_AT_END = 1.0
"""How long what passed may still be decoded when the proxy stops."""


def make_metrics(
    clock: LoopClock,
    values: Callable[[], dict[str, tuple[str, float]]],
    rules: Sequence[DecodeRule],
    *,
    timed: bool,
) -> Metrics | None:
    """What counts for Prometheus; None where its library, an extra, is not there."""
    if find_spec("prometheus_client") is None:
        return None
    from wsproxy.web.metrics import Metrics

    return Metrics(clock, values, rules, timed=timed)


def access_of(fleet: FleetSettings) -> Access:
    """How to reach the NATS of a fleet."""
    from wsproxy.fleet.connecting import Access

    return Access(
        servers=fleet.servers,
        credentials=fleet.credentials,
        nkey=fleet.nkey,
        ca=fleet.ca,
        certificate=fleet.certificate,
    )


class Proxy:
    """A whole proxy, from `start` to `stop`."""

    def __init__(
        self,
        settings: Settings,
        watchers: Sequence[Watcher] = (),
        interceptions: Sequence[Interception] = (),
        faults: FaultSource | None = None,
        hooks: HttpHooks | None = None,
        fault_control: FaultControl | None = None,
    ) -> None:
        self.settings = settings
        self._hooks = hooks
        self._interceptions = interceptions
        self._faults = faults
        self._fault_control = fault_control
        self.port = 0
        self.routes: list[tuple[str, str]] = []
        """Where clients find each route, and the server behind it."""
        self.web_port = 0
        """Where the page is; 0 without one."""
        self.token = settings.web_token or secrets.token_urlsafe(24)
        self._watchers = watchers
        self._private: Path | None = None
        self._web: WebServer | None = None
        self._metrics: Metrics | None = None
        self.member: Member | None = None
        """Our part in a fleet."""

    @property
    def url(self) -> str:
        """Where clients find the proxy, with the scheme of a WebSocket."""
        return self._url(self.port)

    def _url(self, port: int) -> str:
        scheme = "wss" if self.settings.certs else "ws"
        host = self.settings.listen_host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def upstream_url(self) -> str:
        """The server behind, without a password that the settings may name."""
        return self._upstream.url

    @property
    def page_url(self) -> str:
        """The page, with the token."""
        return page_url(self.settings.web_host, self.web_port, self.token)

    @property
    def capture(self) -> Path:
        """The capture file."""
        return self._recorder.path

    def live(self) -> dict[int, LiveConnection]:
        """The open connections by their ids (web.interfaces.Connections)."""
        return self._listener.live()

    def flush(self) -> None:
        """Hand everything that has passed to the watchers and to the capture, now."""
        self._journal.flush()

    async def start(self) -> None:
        """Listen. Raises WsproxyError for what the user has to mend; nothing is left open then."""
        settings = self.settings
        clock = LoopClock()
        tls = cache(
            partial(
                upstream_context,
                insecure=settings.ssl_insecure,
                ca=settings.upstream_ca,
                client_certs=settings.client_certs,
            )
        )
        if settings.upstream_ca or settings.client_certs:
            tls()  # what is wrong with a file shows now; loading the system's roots takes a while
        listening_tls = listening_context(settings.certs) if settings.certs else None
        path = settings.capture
        if path is None:
            path = self._private = make_private()
        totals = Totals()
        feed = Feed(clock, totals, settings.decode)
        breakpoints = Breakpoints(clock, InFlightSayings(settings.decode))
        member = self._make_member(path, clock, breakpoints)
        self._recorder = CaptureRecorder(
            path,
            clock,
            asyncio.get_running_loop().call_soon_threadsafe,
            limit=settings.capture_limit,
            written=member.news.written if member is not None else None,
        )
        metrics = None if settings.no_web else self._make_metrics(clock)
        watchers = [
            *self._watchers,
            *([] if settings.no_web else [feed]),
            *([] if metrics is None else [metrics]),
        ]
        self._journal = Journal(clock, self._recorder, watchers)
        upstreams = [
            Upstream(
                url,
                keep_host_header=settings.keep_host_header,
                rewrite_origin=settings.rewrite_origin,
                timeout=settings.handshake_timeout,
            )
            for url in (settings.upstream_url, *(route.upstream_url for route in settings.routes))
        ]
        self._upstream = upstreams[0]
        most = settings.max_connections or default_max_connections() // len(upstreams)
        environment = Environment(
            self._upstream,
            tls,
            self._recorder,
            self._journal,
            clock,
            settings.max_payload,
            settings.max_http_body,
            Limits(most, settings.request_timeout),
            [*self._interceptions, breakpoints],
            self._faults,
            self._hooks,
            mask=NoMask()
            if settings.capture_secrets
            else Mask(settings.secret_headers, settings.secret_keys),
            instance=settings.fleet.instance if settings.fleet is not None else "",
        )
        self._listener = Listeners(
            [Listener(replace(environment, upstream=upstream)) for upstream in upstreams]
        )
        try:
            if member is not None:
                await member.start()
                self.member = member
            ports = await self._listener.start(
                settings.listen_host,
                [settings.listen_port, *(route.port for route in settings.routes)],
                listening_tls,
                reuse_port=settings.reuse_port,
            )
        except BaseException:
            await self._close()
            raise
        self.port = ports[0]
        self.routes = [
            (self._url(port), upstream.url) for port, upstream in zip(ports, upstreams, strict=True)
        ]
        if not settings.no_web:
            reading = Reading(lambda: CaptureBrowser(self._recorder.path, settings.decode))
            ctx = Context(
                reading,
                Steering(self._listener, breakpoints, self._fault_control),
                totals,
                clock,
                self._keep_note,
                self.upstream_url,
                Beside(self._recorder.path, settings.web_host, EXPORT_FORMS, settings.decode),
                self.routes,
                self.url,
                metrics,
                settings.metrics_public,
            )
            await self._start_web(ctx, feed)

    async def stop(self) -> None:
        """End all connections with Close 1001 and write what is left of the capture."""
        await self._listener.stop()
        if self._web is not None:
            await self._web.stop()
        await self._close()

    def cut(self) -> None:
        """While stopping: cut off whoever is still waited for."""
        self._listener.cut()

    async def _keep_note(self, note: NoteRecord) -> None:
        self._journal.add_note(note)
        self._journal.flush()

    async def _start_web(self, ctx: Context, feed: Feed) -> None:
        settings = self.settings
        ctx.totals.start_with(await ctx.reading(lambda reader: reader.traffic()))
        self._web = WebServer(ctx, feed, self.token, settings.web_host)
        try:
            self.web_port = await self._web.start(
                DEFAULT_WEB_PORT if settings.web_port is None else settings.web_port,
                or_any=settings.web_port is None,
            )
        except BaseException:
            await self.stop()
            raise

    def _make_member(self, path: Path, clock: LoopClock, breakpoints: Breakpoints) -> Member | None:
        if self.settings.fleet is None:
            return None
        # The fleet's library is an extra.
        from wsproxy.fleet.answering import Shelf
        from wsproxy.fleet.member import Member, Membership
        from wsproxy.fleet.names import Names, check_name
        from wsproxy.fleet.steward import Steward

        settings, fleet = self.settings, self.settings.fleet
        mask = Mask(settings.secret_headers, settings.secret_keys)
        membership = Membership(
            access=access_of(fleet),
            names=Names(check_name(fleet.name, "a fleet")),
            instance=check_name(fleet.instance, "an instance"),
            payload=fleet.payload,
            mask=mask,
        )
        steward = None
        if fleet.control:
            loop, faults = asyncio.get_running_loop(), self._fault_control
            steward = Steward(loop, self.live, faults, breakpoints)
        shelf = Shelf(self._read_frame)
        return Member(membership, lambda: Forwarding(path), clock, self._status, shelf, steward)

    async def _read_frame(self, number: int) -> Seen | None:
        """A frame of the capture, whole."""

        def read() -> Seen | None:
            with contextlib.closing(CaptureBrowser(self._recorder.path)) as browser:
                return browser.frame(number)

        return await asyncio.to_thread(read)

    def _status(self) -> dict[str, Any]:
        """What the fleet is told of this proxy; called on the fleet's thread."""
        return {
            "version": __version__,
            "url": self.url,
            "upstream": self.upstream_url,
            "connections": len(self._listener.live()),
        }

    def _make_metrics(self, clock: LoopClock) -> Metrics | None:
        timed = self.settings.metrics_public
        self._metrics = make_metrics(clock, self._gauges, self.settings.decode, timed=timed)
        return self._metrics

    def _gauges(self) -> dict[str, tuple[str, float]]:
        """What /metrics says beside what it counts."""
        gauges = {
            "connections_open": ("Connections that are open", float(len(self.live()))),
            "capture_backlog_bytes": (
                "Bytes that wait to be written to the capture or to reach the disk",
                float(self._recorder.backlog),
            ),
        }
        if self.member is not None:
            backlog, lag = self.member.behind
            gauges["fleet_backlog_bytes"] = (
                "Bytes of the capture that the stream does not have yet",
                float(backlog),
            )
            gauges["fleet_lag_seconds"] = ("Age of the oldest of them", lag)
        return gauges

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DECODE_SECONDS_AT_END
        # In turns, so that what the writer cannot keep up with is not piled up for it.
        while not self._journal.drain() and loop.time() < deadline:  # noqa: ASYNC110 - it works meanwhile
            await asyncio.sleep(0.001)
        self._journal.flush(0.0)
        await asyncio.to_thread(self._recorder.close)
        if self._metrics is not None:
            self._metrics.close()
        if self.member is not None:
            await self.member.stop()
        if self._private is not None:
            remove_private(self._private)
