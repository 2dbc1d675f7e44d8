"""A proxy in this process, from its start to the signal that ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from wsproxy.app import Proxy
from wsproxy.cli.addons import make_host
from wsproxy.cli.address import Address, published
from wsproxy.cli.faulty import shown
from wsproxy.cli.lines import lines_of
from wsproxy.cli.stream import LineByLine
from wsproxy.clock import LoopClock
from wsproxy.config import DEFAULT_WEB_PORT, Settings
from wsproxy.errors import WsproxyError
from wsproxy.faults.control import FaultSet
from wsproxy.filters.language import Filter
from wsproxy.log.output import Background, Output, Unbuffered
from wsproxy.log.printer import Printer
from wsproxy.log.statistics import Left, StatsLines
from wsproxy.relay.interfaces import Watcher
from wsproxy.store.reader import Capture

if TYPE_CHECKING:
    from wsproxy.addonhost.host import AddonHost


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChoice:
    """What is said on the terminal."""

    format: str = "pretty"
    width: int = 120
    filter: Filter | None = None
    verbosity: int = 0
    """-2: errors; -1: no frames; 0: frames and warnings; 1 and 2: more diagnostics."""
    stats: float | None = None
    """Seconds between two lines of statistics."""

    @property
    def jsonl(self) -> bool:
        return self.format == "jsonl"


async def run_proxy(
    settings: Settings, faults: FaultSet, log: LogChoice, addons: dict[str, Any]
) -> None:
    """Run a proxy until SIGINT or SIGTERM. Raises WsproxyError."""
    out = Unbuffered(sys.stdout)
    with (
        _theirs(log, out) as theirs,
        contextlib.redirect_stdout(cast("TextIO", LineByLine(theirs))),
    ):
        printer = _printer(settings, log, out)
        try:
            await _Run(settings, faults, log, printer).go(addons, out)
        finally:
            if printer is not None:
                await asyncio.to_thread(printer.close)


def _theirs(log: LogChoice, out: Unbuffered) -> contextlib.AbstractContextManager[Output]:
    """Where what addons print goes.

    With JSON on standard output, that is all there is on it. Where both outputs are one, what
    addons print and what they log stay in order.
    """
    if log.jsonl or _same(sys.stdout, sys.stderr):
        return contextlib.nullcontext(sys.stderr)
    return contextlib.closing(Background(out))


def _same(one: TextIO, other: TextIO) -> bool:
    """Whether both write to the same terminal, pipe or file."""
    try:
        return os.path.sameopenfile(one.fileno(), other.fileno())
    except (OSError, ValueError):  # no file, as in a test, or closed
        return False


def _printer(settings: Settings, log: LogChoice, out: Unbuffered) -> Printer | None:
    if log.verbosity < 0:
        return None
    lines = lines_of(log.format, settings.decode, log.width, cast("TextIO", out))
    return Printer(lines, LoopClock(), out, log.filter)


async def _join(proxy: Proxy) -> None:
    """Say what the fleet answers; raises WsproxyError where it refuses us."""
    fleet = proxy.settings.fleet
    if proxy.member is None or fleet is None:
        return
    try:
        joined = await proxy.member.joined()
    except WsproxyError:
        await proxy.stop()
        raise
    if joined:
        click.echo(f"fleet: {fleet.instance} in {fleet.name}", err=True)
    else:
        click.echo(
            f"the fleet {fleet.name} does not answer yet; the capture keeps what it will be sent",
            err=True,
        )


class _Run:
    """One run."""

    def __init__(
        self, settings: Settings, faults: FaultSet, log: LogChoice, printer: Printer | None
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._log = log
        self._stop = asyncio.Event()
        self._cut: Callable[[], None] | None = None
        self._watchers: list[Watcher] = [printer] if printer is not None else []
        self._proxy: Proxy | None = None

    async def go(self, addons: dict[str, Any], out: Unbuffered) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)
        stats = self._stats()
        host = None
        try:
            host = make_host(self._settings, LoopClock(), quiet=self._log.verbosity <= -2, **addons)
            if host is not None:
                _watch_signals(host, loop, self._signalled)
                await host.load()
            proxy = self._proxy = Proxy(
                self._settings,
                self._watchers,
                [host] if host else [],
                faults=self._faults,
                fault_control=self._faults,
                hooks=host,
            )
            await proxy.start()
            await _join(proxy)
            with published(_addresses(proxy)):
                self._say_ready(proxy, out)
                if host is not None:
                    await host.running(self._settings.listen_host, proxy.port, self._stop)
                if stats is not None:
                    stats.start()
                await self._stop.wait()
            self._cut = proxy.cut
            if waiting := len(proxy.live()):
                what = "1 connection" if waiting == 1 else f"{waiting} connections"
                click.echo(f"waiting for {what}; Ctrl-C again to cut", err=True)
            await proxy.stop()
        finally:
            if stats is not None:
                stats.stop()
            if host is not None:
                await host.close()

    def _signalled(self) -> None:
        if self._stop.is_set() and self._cut is not None:
            self._cut()
        self._stop.set()

    def _stats(self) -> StatsLines | None:
        if self._log.stats is None:
            return None

        def rest() -> Left:
            assert self._proxy is not None
            capture = Capture(self._proxy.capture)
            try:
                lacking = sum(counted.frames for counted in capture.left_out().values())
            finally:
                capture.close()
            return Left(len(self._proxy.live()), lacking)

        lines = StatsLines(
            self._log.stats, LoopClock(), rest, lambda line: click.echo(line, err=True)
        )
        self._watchers.append(lines)
        return lines

    def _say_ready(self, proxy: Proxy, out: Unbuffered) -> None:
        ready = sys.stderr if self._log.jsonl else cast("TextIO", out)
        for url, upstream_url in proxy.routes:
            click.echo(f"wsproxy listens on {url} for {upstream_url}", file=ready)
        if proxy.web_port:
            moved = self._settings.web_port is None and proxy.web_port != DEFAULT_WEB_PORT
            taken = f" (port {DEFAULT_WEB_PORT} is taken)" if moved else ""
            click.echo(f"page: {proxy.page_url}{taken}", err=True)
        for line in shown(self._faults):
            click.echo(line, err=True)
        if self._settings.capture is not None:
            click.echo(f"capture: {self._settings.capture}", err=True)


def _addresses(proxy: Proxy) -> Address | None:
    if not proxy.web_port:
        return None
    return Address(proxy.page_url.partition("/?")[0], proxy.token, proxy.url)


def _watch_signals(
    host: AddonHost, loop: asyncio.AbstractEventLoop, signalled: Callable[[], None]
) -> None:
    """Have signals at once, also while a hook blocks the event loop."""

    def handle(_: int, __: object) -> None:
        loop.call_soon_threadsafe(signalled)
        host.watch.signalled()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
        signal.signal(number, handle)
