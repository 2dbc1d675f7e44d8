"""A proxy for tests: on a loop of its own, so that it works beside any test framework.

docs/testing.md explains it. The pytest plugin hands these out; they can be used without it too.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.errors import WsproxyError
from wsproxy.faults.control import FaultSet
from wsproxy.faults.oneline import parse_line
from wsproxy.filters.language import FilterError
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord, FrameRecord
from wsproxy.payloads.rules import parse_rules
from wsproxy.payloads.sayings import InFlightSayings
from wsproxy.testing.awaited import Awaited, NotAwaited
from wsproxy.testing.traffic import Seen, SeenList, Tape
from wsproxy.text.words import did_you_mean

T = TypeVar("T")

_OWN = ("upstream_url", "capture")
"""Settings that are given otherwise."""

DEFAULT_SEED = 1
DEFAULT_TIMEOUT = 5.0
"""Seconds that `wait_for` waits unless told otherwise."""


class LoopThread:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wsproxy", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function there and wait for what it returns."""
        __tracebackhide__ = True

        async def work() -> T:
            return function()

        return result_of(self.submit(work()))

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def result_of(future: concurrent.futures.Future[T]) -> T:
    """What became of it; an exception is raised as if it came up here, not on the other thread."""
    __tracebackhide__ = True
    error = future.exception()
    if error is not None:
        raise error.with_traceback(None) from None
    return future.result()


class Faults:
    """The faults of a proxy under test; docs/faults.md has them all.

    A fault is given by its type and its fields as keywords (`for_` for the field `for`), by one
    line as on the command line, or as a dict as JSON has it.
    """

    def __init__(self, control: FaultSet, thread: LoopThread) -> None:
        self._control = control
        self._thread = thread

    @property
    def seed(self) -> int:
        """Where the randomness comes from."""
        return self._control.seed

    def add(self, fault: str | dict[str, Any], **fields: Any) -> str:
        """Put a fault in force; returns its name. Raises FaultError."""
        __tracebackhide__ = True

        def work() -> str:
            if isinstance(fault, str) and not fields and ":" in fault:
                taken = [named["name"] for named in self._control.faults()]
                return str(self._control.add_spec(parse_line(fault, taken))["name"])
            spec = dict(fault) if isinstance(fault, dict) else {"type": fault}
            return str(self._control.add(spec | _fields(fields))["name"])

        return self._thread.call(work)

    def change(self, name: str, **fields: Any) -> None:
        """Change some fields; raises KeyError, FaultError."""
        __tracebackhide__ = True
        self._thread.call(lambda: self._control.change(name, _fields(fields)))

    def remove(self, name: str) -> None:
        """Remove a fault; raises KeyError."""
        __tracebackhide__ = True
        self._thread.call(lambda: self._control.remove(name))

    def reset(self) -> None:
        """Remove all faults."""
        self._thread.call(self._control.reset)

    def list(self) -> list[dict[str, Any]]:
        """All faults, each with how often it struck."""
        return self._thread.call(self._control.faults)


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    return {name.removesuffix("_"): value for name, value in fields.items()}


class SyncProxy:
    """A proxy under test, for tests without a loop."""

    def __init__(
        self, thread: LoopThread, upstream_url: str, capture: Path, seed: int, **settings: Any
    ) -> None:
        """Start it. `settings` are those of config.Settings, `decode` a list of rules as on the
        command line. Raises WsproxyError.
        """
        __tracebackhide__ = True
        self._thread = thread
        _check_names(settings)
        settings = {"listen_port": 0, "no_web": True} | settings
        if "decode" in settings:
            settings["decode"] = parse_rules(settings["decode"])
        checked = Settings(upstream_url=upstream_url, capture=capture, **settings)
        now = time.time  # noqa: TID251 - this is where it is handed in
        self._now = now
        self._control = FaultSet(seed, now, sayings=InFlightSayings(checked.decode))
        self._tape = Tape(checked.decode)
        self._proxy = Proxy(
            checked,
            [self._tape],
            faults=self._control,
            fault_control=self._control,
        )
        self.capture = capture
        """The capture file; `wsproxy show` reads it."""
        self.faults = Faults(self._control, thread)
        result_of(thread.submit(self._proxy.start()))

    @property
    def url(self) -> str:
        """Where clients find the proxy: `ws://127.0.0.1:PORT`."""
        return self._proxy.url

    @property
    def http_url(self) -> str:
        """The same with the scheme of plain HTTP."""
        return self.url.replace("ws", "http", 1)

    @contextmanager
    def fault(self, fault: str | dict[str, Any], **fields: Any) -> Iterator[str]:
        """A fault that is in force inside a `with`; gives its name."""
        __tracebackhide__ = True
        name = self.faults.add(fault, **fields)
        try:
            yield name
        finally:
            if any(named["name"] == name for named in self.faults.list()):
                self.faults.remove(name)

    @property
    def messages(self) -> SeenList:
        """The messages that have passed, in order."""
        return SeenList(seen for seen in self._look().seen if not seen.is_control)

    @property
    def frames(self) -> list[FrameRecord]:
        """The frames that have passed, in order, control frames among them."""
        return list(self._look().frames)

    @property
    def connections(self) -> list[ConnectionRecord]:
        """All connections, refused ones too, in the order they came."""
        return list(self._look().connections.values())

    @property
    def requests(self) -> list[HttpRecord]:
        """The requests of plain HTTP that have ended, refused upgrades too, in order."""
        return list(self._look().http)

    @property
    def strikes(self) -> list[FaultRecord]:
        """What faults did, in order."""
        return list(self._look().faults)

    def wait_for(self, match: str, timeout: float = DEFAULT_TIMEOUT, count: int = 1) -> Seen:
        """The `count`-th message or control frame that passes a filter (docs/filters.md).

        Those that have passed already count. Raises TimeoutError, with what passed instead.
        """
        __tracebackhide__ = True
        return result_of(self._waiting(match, timeout, count))

    def close(self) -> None:
        """Stop the proxy; connections that are still open are cut off."""
        self._thread.call(self._cut_off)
        self._thread.submit(self._proxy.stop()).result()

    def _cut_off(self) -> None:
        for live in self._proxy.live().values():
            live.reset("test")

    def _look(self) -> Tape:
        def work() -> Tape:
            self._proxy.flush()
            self._tape.settle(self._now())
            return self._tape

        return self._thread.call(work)

    def _waiting(self, match: str, timeout: float, count: int) -> concurrent.futures.Future[Seen]:
        return self._thread.submit(self._tape.wait_for(match, timeout, count))


class AsyncProxy(SyncProxy):
    """A proxy under test, for tests on a loop."""

    not_awaited = NotAwaited()
    """What somebody forgot to await; the plugin looks at the end of each test."""

    def wait_for(  # type: ignore[override]
        self, match: str, timeout: float = DEFAULT_TIMEOUT, count: int = 1
    ) -> Awaited[Seen]:
        """The `count`-th message or control frame that passes a filter (docs/filters.md).

        Those that have passed already count. Raises TimeoutError, with what passed instead.
        """
        return self.not_awaited.watch(
            self._wait_for(match, timeout, count), f"proxy.wait_for({match!r})"
        )

    async def _wait_for(self, match: str, timeout: float, count: int) -> Seen:  # noqa: ASYNC109
        __tracebackhide__ = True
        future = self._waiting(match, timeout, count)
        try:
            return await asyncio.wrap_future(future)
        except (TimeoutError, FilterError) as error:
            raise error.with_traceback(None) from None


def _check_names(settings: dict[str, Any]) -> None:
    """Raises WsproxyError for a setting that there is not."""
    __tracebackhide__ = True
    known = [field.name for field in fields(Settings) if field.name not in _OWN]
    for name in settings:
        if name not in known:
            raise WsproxyError(f"there is no setting {name}{did_you_mean(name, known)}")
