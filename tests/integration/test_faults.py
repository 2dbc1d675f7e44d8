"""Each fault on real connections: a real client sees what the fault's documentation promises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.faults.control import FaultSet

PATIENCE = 10.0


class Proxied:
    """A proxy with faults in front of an echo server."""

    def __init__(self, proxy: Proxy, faults: FaultSet) -> None:
        self.proxy = proxy
        self.faults = faults

    def connect(self, **options: Any) -> connect:
        options = {"compression": None, "max_size": None, "ping_interval": None} | options
        return connect(self.proxy.url, **options)


async def _echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


@pytest.fixture
async def proxied() -> AsyncIterator[Proxied]:
    async with serve(_echo, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        faults = FaultSet(1, time.time)  # noqa: TID251 - handed in
        settings = Settings(upstream_url=f"ws://127.0.0.1:{port}", listen_port=0)
        proxy = Proxy(settings, faults=faults)
        await proxy.start()
        try:
            yield Proxied(proxy, faults)
        finally:
            await proxy.stop()


async def test_latency(proxied: Proxied) -> None:
    proxied.faults.add({"type": "latency", "latency": "150ms"})
    async with asyncio.timeout(PATIENCE), proxied.connect() as socket:
        start = time.monotonic()
        for number in range(3):
            await socket.send(str(number))
        assert [await socket.recv() for _ in range(3)] == ["0", "1", "2"]
        assert 0.145 <= time.monotonic() - start < 0.4
