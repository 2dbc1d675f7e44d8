"""The view of a fleet: the same page over all instances, folded into a capture of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsproxy.app import access_of
from wsproxy.clock import LoopClock
from wsproxy.config import DEFAULT_CAPTURE_LIMIT, DEFAULT_WEB_PORT, FleetSettings
from wsproxy.fleet.connecting import REQUEST_SECONDS, connect, end
from wsproxy.fleet.follower import Follower
from wsproxy.fleet.interfaces import Folded
from wsproxy.fleet.names import Names, check_name
from wsproxy.formats.registry import EXPORT_FORMS
from wsproxy.model.notes import NoteRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.relay.interfaces import Watcher
from wsproxy.relay.tasks import start_task
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.folding import FoldedCapture
from wsproxy.store.private import make_private, remove_private
from wsproxy.web.beside import Beside
from wsproxy.web.context import Context
from wsproxy.web.feed import Feed
from wsproxy.web.reading import Reading
from wsproxy.web.server import WebServer, page_url
from wsproxy.web.totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings:
    """What `wsproxy fleet view` can be told."""

    fleet: FleetSettings
    capture: Path | None = None
    """Where the capture is kept; None: a private temporary folder, removed at the end."""
    capture_limit: int = DEFAULT_CAPTURE_LIMIT
    web_host: str = "127.0.0.1"
    web_port: int | None = None
    web_token: str | None = None
    no_web: bool = False
    decode: Sequence[DecodeRule] = ()


class FleetView:
    """A view, from `start` to `stop`."""

    def __init__(self, settings: ViewSettings, watchers: Sequence[Watcher] = ()) -> None:
        self.settings = settings
        self._watchers = list(watchers)
        self.token = settings.web_token or secrets.token_urlsafe(24)
        self.web_port = 0
        self._private: Path | None = None
        self._web: WebServer | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fold")
        self._following: asyncio.Task[None] | None = None

    @property
    def page_url(self) -> str:
        """The page, with the token."""
        return page_url(self.settings.web_host, self.web_port, self.token)

    async def start(self) -> None:
        """Begin to follow. Raises WsproxyError; nothing is left open then."""
        settings = self.settings
        fleet = settings.fleet
        names = Names(check_name(fleet.name, "a fleet"))
        clock = LoopClock()
        path = settings.capture
        if path is None:
            path = self._private = make_private()
        self.capture = path
        self._client = await connect(access_of(fleet), "wsproxy view", patient=False)
        self._folded = await self._call(FoldedCapture, path, settings.capture_limit)
        totals = Totals()
        feed = Feed(clock, totals, settings.decode)
        self._watchers.append(feed)
        self.follower = Follower(
            self._client.jetstream(timeout=REQUEST_SECONDS),
            names,
            self._folded,
            self._thread,
            self._tell,
        )
        self._following = start_task(self.follower.run(), "following the fleet")
        if not settings.no_web:
            ctx = Context(
                Reading(lambda: CaptureBrowser(path, settings.decode)),
                None,
                totals,
                clock,
                self._keep_note,
                f"the fleet {fleet.name}",
                Beside(path, settings.web_host, EXPORT_FORMS),
            )
            totals.start_with(await ctx.reading(lambda reader: reader.traffic()), count=True)
            self._web = WebServer(ctx, feed, self.token, settings.web_host)
            self.web_port = await self._web.start(
                DEFAULT_WEB_PORT if settings.web_port is None else settings.web_port,
                or_any=settings.web_port is None,
            )

    async def stop(self) -> None:
        """Close everything."""
        if self._following is not None:
            await end(self._following)
        if self._web is not None:
            await self._web.stop()
        await self._call(self._folded.close)
        await self._client.close()
        self._thread.shutdown()
        if self._private is not None:
            remove_private(self._private)

    async def _call(self, work: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def _keep_note(self, note: NoteRecord) -> None:
        self._tell(Folded([], [await self._call(self._folded.keep_note, note)]))

    def _tell(self, folded: Folded) -> None:
        for watcher in self._watchers:
            for connection in folded.connections:
                watcher.connection_changed(connection)
            for batch in folded.batches:
                watcher.passed(batch)
