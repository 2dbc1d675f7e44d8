"""The view of a fleet: the same page over all instances, folded into a capture of its own."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsproxy.app import access_of, make_metrics
from wsproxy.breakpoints.control import Breakpoints
from wsproxy.clock import LoopClock
from wsproxy.config import DEFAULT_CAPTURE_LIMIT, DEFAULT_WEB_PORT, FleetSettings
from wsproxy.faults.control import FaultSet
from wsproxy.fleet.connecting import REQUEST_SECONDS, connect, end
from wsproxy.fleet.everywhere import FleetOrders
from wsproxy.fleet.follower import Follower
from wsproxy.fleet.interfaces import Folded
from wsproxy.fleet.names import Names, check_name
from wsproxy.fleet.orders import Desk
from wsproxy.fleet.presence import BEAT_SECONDS
from wsproxy.fleet.remote import Remote, RemoteConnection, fetch
from wsproxy.fleet.roster import Roster
from wsproxy.fleet.setup import Limits, create
from wsproxy.formats.registry import EXPORT_FORMS
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import InFlightSayings
from wsproxy.relay.interfaces import Watcher
from wsproxy.relay.tasks import start_task
from wsproxy.store.foldedbrowser import Bytes, FoldedBrowser
from wsproxy.store.folding import FoldedCapture, Origin
from wsproxy.store.private import make_private, remove_private
from wsproxy.web.beside import Beside
from wsproxy.web.context import Context, Steering
from wsproxy.web.feed import Feed
from wsproxy.web.interfaces import SteeredConnection
from wsproxy.web.reading import Reading
from wsproxy.web.server import WebServer, page_url
from wsproxy.web.totals import Totals

if TYPE_CHECKING:
    from wsproxy.web.metrics import Metrics


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
    metrics_public: bool = False
    decode: Sequence[DecodeRule] = ()


MAX_OPEN = 20_000
"""Open connections that are remembered from an earlier view on the same capture."""

KEPT_EVENTS = 100
"""Changes of what is in force that are remembered."""

HELD_SECONDS = 0.5
"""How often instances are asked what waits at their breakpoints."""


class FleetView:
    """A view, from `start` to `stop`."""

    def __init__(self, settings: ViewSettings, watchers: Sequence[Watcher] = ()) -> None:
        self.settings = settings
        self._watchers = list(watchers)
        self.token = settings.web_token or secrets.token_urlsafe(24)
        self.web_port = 0
        self._private: Path | None = None
        self._web: WebServer | None = None
        self._metrics: Metrics | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fold")
        self._tasks: list[asyncio.Task[None]] = []
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._open: dict[int, RemoteConnection] = {}
        self._numbers: dict[tuple[str, int], int] = {}

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
        js = self._client.jetstream(timeout=REQUEST_SECONDS)
        self.follower = Follower(js, names, self._folded, self._thread, self._tell, self._heard)
        self._remote = Remote(self._client, names)
        self.roster = Roster(self._client, js, names, clock)
        await self.roster.start()
        who = f"view-{secrets.token_hex(4)}"
        self._desk = Desk(self._client, js, names, who)
        sayings = InFlightSayings(settings.decode)
        self.orders = FleetOrders(
            self._desk,
            _user(),
            FaultSet(secrets.randbits(32), clock.time),
            Breakpoints(clock, sayings),
            self._remote,
            self,
        )
        self.orders.faults.strikes = self.roster.strikes
        for connection, origin in await self._call(self._folded.still_open, MAX_OPEN):
            self._meet(connection, origin)
        self._tasks = [
            start_task(self.follower.run(), "following the fleet"),
            start_task(self._desk.watch(self.orders.taken), "the fleet's orders"),
            start_task(self._watch_held(), "what waits in the fleet"),
        ]
        if not settings.no_web:
            await self._start_web(feed, totals, clock)

    async def _start_web(self, feed: Feed, totals: Totals, clock: LoopClock) -> None:
        settings = self.settings
        loop = asyncio.get_running_loop()

        def fetch_now(origin: Origin) -> Bytes | None:
            """On the thread that reads."""
            work = fetch(self._remote, origin)
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        timed = settings.metrics_public
        metrics = make_metrics(clock, self._gauges, settings.decode, timed=timed)
        if metrics is not None:
            self._metrics = metrics
            self._watchers.append(metrics)
        ctx = Context(
            Reading(lambda: FoldedBrowser(self.capture, settings.decode, fetch_now)),
            Steering(self, self.orders.breakpoints, self.orders.faults),
            totals,
            clock,
            self._keep_note,
            f"the fleet {settings.fleet.name}",
            Beside(self.capture, settings.web_host, EXPORT_FORMS, settings.decode),
            metrics=metrics,
            metrics_public=settings.metrics_public,
            fleet=self,
        )
        totals.start_with(await ctx.reading(lambda reader: reader.traffic()), count=True)
        self._web = WebServer(ctx, feed, self.token, settings.web_host)
        self.web_port = await self._web.start(
            DEFAULT_WEB_PORT if settings.web_port is None else settings.web_port,
            or_any=settings.web_port is None,
        )

    def live(self) -> dict[int, SteeredConnection]:
        """The connections that are open at instances that are there (web.interfaces.Connections)."""
        alive = self.roster.alive()
        return {
            number: one for number, one in self._open.items() if one.connection.instance in alive
        }

    def asking(self) -> list[HttpRecord]:
        """Nothing: instances tell of requests that are over (web.interfaces.Connections)."""
        return []

    def number_of(self, instance: str, number: int) -> int | None:
        """Our number of an instance's open connection (fleet.waiting.OpenConnections)."""
        return self._numbers.get((instance, number))

    def origin_of(self, number: int) -> tuple[str, str, int] | None:
        """Where an open connection is (fleet.waiting.OpenConnections)."""
        found = self._open.get(number)
        return found.origin if found is not None else None

    def state(self) -> dict[str, Any]:
        """All instances, and how far the view has followed them (web.interfaces.Fleet)."""
        return {
            "name": self.settings.fleet.name,
            "revision": self._desk.revision,
            "pending": self.follower.pending,
            "trouble": self.follower.trouble,
            "unreadable": self.follower.unreadable,
            "instances": self.roster.instances(),
            "events": list(self._events),
        }

    async def stop(self) -> None:
        """Close everything."""
        for task in self._tasks:
            await end(task)
        if self._web is not None:
            await self._web.stop()
        if self._metrics is not None:
            self._metrics.close()
        await self._call(self._folded.close)
        await self._client.close()
        self._thread.shutdown()
        if self._private is not None:
            remove_private(self._private)

    async def _call(self, work: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _gauges(self) -> dict[str, tuple[str, float]]:
        """What /metrics says beside what it counts."""
        follower = self.follower
        alive = len(self.roster.alive())
        return {
            "connections_open": ("Connections that are open", float(len(self.live()))),
            "fleet_instances": ("Instances that are there", float(alive)),
            "fleet_pending_messages": (
                "Messages of the stream that the view does not have yet",
                float(follower.pending),
            ),
            "fleet_unreadable_messages": (
                "Messages of the stream that could not be read",
                float(follower.unreadable),
            ),
        }

    async def _heard(self, who: str, data: bytes, when: float) -> None:
        """Somebody changed what is in force, and says so."""
        with contextlib.suppress(ValueError):
            event = json.loads(data)
            if isinstance(event, dict):
                self._events.append({"who": who, **event, "time": when})

    async def _keep_note(self, note: NoteRecord) -> None:
        self._tell(Folded([], [await self._call(self._folded.keep_note, note)]))

    async def _watch_held(self) -> None:
        """Know what waits at breakpoints, as long as the fleet has any."""
        while True:
            await asyncio.sleep(HELD_SECONDS)
            if self.orders.breakpoints.breakpoints():
                holding = [one["instance"] for one in self.roster.instances() if one["alive"]]
                await self.orders.breakpoints.look(holding)

    def _meet(self, connection: ConnectionRecord, origin: tuple[str, str, int]) -> None:
        instance, _, number = origin
        if connection.end is None and connection.status == 101:
            self._open[connection.id] = RemoteConnection(self._remote, connection, origin)
            self._numbers[instance, number] = connection.id
        else:
            self._open.pop(connection.id, None)
            if self._numbers.get((instance, number)) == connection.id:
                del self._numbers[instance, number]

    def _tell(self, folded: Folded) -> None:
        for connection, origin in folded.connections:
            self._meet(connection, origin)
        for watcher in self._watchers:
            for connection, _ in folded.connections:
                watcher.connection_changed(connection)
            for batch in folded.batches:
                watcher.passed(batch)


def _user() -> str:
    """Whom changes go by: who runs this view, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container nobody may have a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
    return f"{user}@{socket.gethostname()}"


async def create_fleet(fleet: FleetSettings, limits: Limits, *, update: bool) -> list[str]:
    """Make the stream and the buckets of a fleet; returns a line for each. Raises WsproxyError."""
    names = Names(check_name(fleet.name, "a fleet"))
    client = await connect(access_of(fleet), "wsproxy fleet create", patient=False)
    try:
        return await create(client.jetstream(), names, limits, update=update)
    finally:
        await client.close()


async def instances_of(fleet: FleetSettings) -> list[dict[str, Any]]:
    """Who is in a fleet, after listening for a moment. Raises WsproxyError."""
    names = Names(check_name(fleet.name, "a fleet"))
    client = await connect(access_of(fleet), "wsproxy fleet list", patient=False)
    try:
        js = client.jetstream(timeout=REQUEST_SECONDS)
        roster = Roster(client, js, names, LoopClock())
        await roster.start()
        await asyncio.sleep(BEAT_SECONDS * 1.5)  # whoever is alive has spoken by then
        return roster.instances()
    finally:
        await client.close()
