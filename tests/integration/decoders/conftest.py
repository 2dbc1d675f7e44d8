"""A proxy in front of a real server, on a thread of its own, with what it has seen."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wsproxy.testing.proxy import LoopThread, SyncProxy

Start = Callable[..., SyncProxy]


@pytest.fixture
def through(tmp_path: Path) -> Iterator[Start]:
    """`through(upstream_url, ...)` starts a proxy; all are stopped after the test."""
    thread = LoopThread()
    started: list[SyncProxy] = []

    def start(upstream_url: str, **settings: Any) -> SyncProxy:
        capture = tmp_path / f"{len(started)}.wsproxy"
        proxy = SyncProxy(thread, upstream_url, capture, 1, **settings)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.close()
    thread.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int, *command: str) -> Iterator[None]:
    """A server that is up when the block begins and down when it ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def lines(proxy: SyncProxy, direction: str) -> list[str]:
    """What was said in a direction, a packet each."""
    return [
        one.summary
        for seen in proxy.messages
        if seen.direction == direction
        for one in seen.decoded
    ]
