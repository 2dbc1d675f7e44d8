"""The pytest plugin: a proxy for each test that asks for one. docs/testing.md explains it.

wsproxy itself is imported by its fixtures only, so that other tests start as fast as ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from wsproxy.replay.diff import Comparison
    from wsproxy.testing.proxy import AsyncProxy, SyncProxy
    from wsproxy.testing.replaying import Served

P = TypeVar("P", bound="SyncProxy")

_PROXIES = pytest.StashKey[list[list[Any]]]()
"""The proxies of a test, by fixture."""

MARKER = "wsproxy_fault"

_NUMBERS = pytest.StashKey[Iterator[int]]()
"""The numbers of a test's captures."""

SHOWN = 20
"""How many of the last messages the report of a failed test names."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "wsproxy_fault(fault, **fields): a fault that is in force from the start on every proxy of"
        " the test, e.g. wsproxy_fault('latency', latency='200ms')",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marker that is nearly ours would do nothing, and nobody would see that."""
    for item in items:
        for marker in item.iter_markers():
            if marker.name != MARKER and get_close_matches(marker.name, [MARKER], cutoff=0.8):
                raise pytest.UsageError(
                    f"{item.nodeid}: there is no marker {marker.name}; did you mean {MARKER}?"
                )


@pytest.fixture
def wsproxy(request: pytest.FixtureRequest) -> Iterator[Callable[..., Awaitable[AsyncProxy]]]:
    """What starts a proxy that is closed after the test.

    `proxy = await wsproxy(upstream_url)`.
    """
    import asyncio

    from wsproxy.testing.proxy import AsyncProxy

    not_awaited = AsyncProxy.not_awaited
    with _starting(request, AsyncProxy) as start:

        async def starting(upstream_url: object, **settings: Any) -> AsyncProxy:
            __tracebackhide__ = True
            # Starting waits for the proxy's own loop: the caller's goes on meanwhile.
            return await asyncio.to_thread(start, upstream_url, **settings)

        def factory(upstream_url: object, **settings: Any) -> Awaitable[AsyncProxy]:
            return not_awaited.watch(starting(upstream_url, **settings), "wsproxy(...)")

        yield factory
        if forgotten := not_awaited.take():
            pytest.fail("; ".join(forgotten), pytrace=False)


@pytest.fixture
def wsproxy_sync(request: pytest.FixtureRequest) -> Iterator[Callable[..., SyncProxy]]:
    """What starts a proxy, for tests without a loop; it is closed after the test.

    `proxy = wsproxy_sync(upstream_url)`.
    """
    from wsproxy.testing.proxy import SyncProxy

    with _starting(request, SyncProxy) as start:
        yield start


@pytest.fixture
def wsproxy_replay() -> Iterator[Callable[..., Comparison]]:
    """What plays the client of a capture and compares the answers (docs/replay.md).

    `result = wsproxy_replay(capture, to=url)`.
    """
    from wsproxy.testing.proxy import LoopThread
    from wsproxy.testing.replaying import replayed

    thread = LoopThread()
    yield partial(replayed, thread)
    thread.stop()


@pytest.fixture
def wsproxy_serve() -> Iterator[Callable[..., Served]]:
    """What starts a server that answers as it was recorded (docs/replay.md).

    `server = wsproxy_serve(capture)`; it is closed after the test.
    """
    from wsproxy.testing.proxy import LoopThread
    from wsproxy.testing.replaying import Served

    thread = LoopThread()
    started: list[Served] = []

    def start(capture: object, **settings: Any) -> Served:
        started.append(Served(thread, str(capture), **settings))
        return started[-1]

    yield start
    for server in started:
        server.close()
    thread.stop()


@contextmanager
def _starting(request: pytest.FixtureRequest, kind: type[P]) -> Iterator[Callable[..., P]]:
    from wsproxy.testing.proxy import DEFAULT_SEED, LoopThread

    folder = request.getfixturevalue("tmp_path")
    markers = list(request.node.iter_markers(MARKER))
    proxies: list[P] = []
    request.node.stash.setdefault(_PROXIES, []).append(proxies)
    numbers = request.node.stash.setdefault(_NUMBERS, count(1))
    thread = LoopThread()

    def start(upstream_url: object, *, seed: int = DEFAULT_SEED, **settings: Any) -> P:
        __tracebackhide__ = True
        capture = folder / f"capture-{next(numbers)}.wsproxy"
        proxy = kind(thread, str(upstream_url), capture, seed, **settings)
        proxies.append(proxy)
        for marker in reversed(markers):
            proxy.faults.add(*marker.args, **marker.kwargs)
        return proxy

    try:
        yield start
    finally:
        for proxy in proxies:
            proxy.close()
        thread.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Name the capture, and what passed last, where a test failed."""
    report = yield
    if report.when == "call" and report.failed:
        for proxies in item.stash.get(_PROXIES, []):
            for proxy in proxies:
                report.sections.append(("wsproxy capture", _section(proxy)))
    return report


def _section(proxy: SyncProxy) -> str:
    lines = [f"{proxy.capture}   (wsproxy show {proxy.capture})", f"seed: {proxy.faults.seed}"]
    lines += [
        f"fault {fault['name']} ({fault['type']}) struck {fault['strikes']} times"
        for fault in proxy.faults.list()
    ]
    messages = proxy.messages
    if len(messages) > SHOWN:
        lines.append(f"the last {SHOWN} of {len(messages)} messages:")
    return "\n".join([*lines, *map(str, messages[-SHOWN:])])
