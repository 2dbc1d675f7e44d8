"""A proxy in front of a real server, on a thread of its own, with what it has seen."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from wsproxy.testing.proxy import LoopThread, SyncProxy

Start = Callable[..., SyncProxy]
Speak = Callable[..., Awaitable[Any]]

SPEAKERS = Path(__file__).parents[2] / "speakers"


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


@pytest.fixture
def speak() -> Speak:
    """`await speak("socketio", url)` runs a client in JavaScript; what it heard, from its JSON."""
    if shutil.which("node") is None or not (SPEAKERS / "node_modules").is_dir():
        assert not os.environ.get("CI"), "CI needs scripts/setup-speakers"
        pytest.skip("scripts/setup-speakers was not run, or there is no node")

    async def speak(script: str, *arguments: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            "node", SPEAKERS / f"{script}.js", *arguments, stdout=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(20):
            said, _ = await process.communicate()
        assert process.returncode == 0
        return json.loads(said)

    return speak


@asynccontextmanager
async def bridged(port: int, *subprotocols: str) -> AsyncIterator[str]:
    """A server of TCP as one of WebSockets, as public gateways do it; gives its URL."""

    async def bridge(socket: ServerConnection) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def back() -> None:
            while data := await reader.read(5000):
                await socket.send(data)

        task = asyncio.create_task(back())
        try:
            async for message in socket:
                writer.write(message if isinstance(message, bytes) else message.encode())
        finally:
            writer.close()
            await writer.wait_closed()
            await task

    def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((name for name in offered if name in subprotocols), None)

    async with serve(bridge, "127.0.0.1", 0, select_subprotocol=choose, max_size=None) as bridged:
        address = next(iter(bridged.sockets)).getsockname()
        yield f"ws://127.0.0.1:{address[1]}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(port: int, *command: str, env: Mapping[str, str] = {}) -> Iterator[None]:
    """A server that is up when the block begins and down when it ends."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **env}
    )
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
