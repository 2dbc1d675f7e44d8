"""The addon host: what the composition root starts, and what engine and session call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mitmproxy import hooks, options
from mitmproxy.proxy.mode_specs import ReverseMode

from wsproxy.addonhost.history import Histories
from wsproxy.addonhost.http import ClientConnection, HttpExchange
from wsproxy.addonhost.logs import Quiet, StartupErrors, give_back, take_over
from wsproxy.addonhost.master import (
    Master,
    check_deferred,
    quiet_startup,
    reverse_mode,
    set_options,
)
from wsproxy.addonhost.watch import HookWatch
from wsproxy.addonhost.websocket import FlowInterceptor
from wsproxy.errors import WsproxyError
from wsproxy.relay.http_hooks import Socket, Target
from wsproxy.relay.interfaces import Clock, Interceptor, LiveConnection

_LOADING_TURNS = 5
"""Turns of the event loop that a script needs to be loaded (mitmproxy's watcher takes two)."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What `wsproxy run` was told."""

    upstream_url: str
    scripts: Sequence[str] = ()
    sets: Sequence[str] = ()
    """KEY=VALUE, as for mitmdump's --set."""
    values: dict[str, Any] = field(default_factory=dict)
    """Options of mitmproxy's that wsproxy has options of its own for."""
    quiet: bool = False


class AddonHost:
    """Runs mitmproxy's addons (relay.interfaces.Interception, relay.http_hooks.HttpHooks)."""

    def __init__(self, settings: HostSettings, clock: Clock) -> None:
        self.time = clock.time
        self._settings = settings
        self.mode = reverse_mode(settings.upstream_url)
        parsed = ReverseMode.parse(self.mode)
        assert isinstance(parsed, ReverseMode)
        self.target = Target(*parsed.address, parsed.scheme == "https")
        self.options = options.Options()
        self._previous = take_over()
        self._errors = StartupErrors()
        self._quiet = Quiet()
        self._errors.install()
        self.master = Master(self.options)
        for handler in self._previous:  # their filters bound what is said in a second
            for limit in handler.filters:
                self.master.termlog.logger.addFilter(limit)
        self.addons = self.master.addons
        self.watch = HookWatch(lambda: self.addons.running)
        self._histories = Histories()
        self.pending: dict[int, HttpExchange] = {}
        """Exchanges that became WebSockets, until the connection is there."""

    async def load(self) -> None:
        """Set the options and load the scripts.

        Raises WsproxyError for an option that is wrong or a script that does not load.
        """
        quiet_startup(self.master, self._quiet, on=True)
        settings = self._settings
        values: dict[str, Any] = {"mode": [self.mode], "flow_detail": 0, **settings.values}
        if settings.quiet:
            values["termlog_verbosity"] = "error"
        set_options(self.master, (), values)
        set_options(self.master, settings.sets, {})
        set_options(
            self.master, (), {"scripts": list(settings.scripts)} if settings.scripts else {}
        )
        for _ in range(_LOADING_TURNS):
            await asyncio.sleep(0)
        self._check()
        check_deferred(self.master)

    async def running(self, host: str, port: int, stop: asyncio.Event) -> None:
        """The proxy listens: fire `running`. An addon that calls `ctx.master.shutdown()` sets
        `stop`. Raises WsproxyError where an addon fails in `running`.
        """
        self.master.should_exit = stop
        self.master.proxyserver.addresses = [(host, port)]
        await self.master.running()
        await asyncio.sleep(0)
        self._check()
        self._errors.uninstall()
        quiet_startup(self.master, self._quiet, on=False)

    async def close(self) -> None:
        """Fire `done`, after the last hooks of connections that have ended."""
        self._errors.uninstall()
        quiet_startup(self.master, self._quiet, on=False)
        self.watch.close()
        await self.master.done()
        give_back(self._previous)

    async def fire(self, hook: hooks.Hook) -> None:
        """Fire a hook that is not about a flow."""
        await self.addons.handle_lifecycle(hook)

    # hooks.HttpHooks

    def client(self, socket: Socket) -> ClientConnection:
        self.addons.invalidate()  # an addon may have got a hook since, by assigning to itself
        return ClientConnection(self, socket)

    # relay.interfaces.Interception

    def attach(self, live: LiveConnection) -> Interceptor | None:
        exchange = self.pending.pop(live.connection.id, None)
        if exchange is None:
            return None
        flow = exchange.flow

        def ended() -> None:
            self.master.proxyserver.live.pop(flow.id, None)
            exchange.websocket_over()

        interceptor = FlowInterceptor(
            flow, live, self.addons, exchange.server, self._histories, ended
        )
        self.master.proxyserver.live[flow.id] = interceptor.inject
        interceptor.start()
        return interceptor

    def _check(self) -> None:
        line = self._errors.line()
        if line is not None:
            raise WsproxyError(line)
