"""A proxy with faults in front of an echo server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.faults.control import FaultSet
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.relay.session import Session
from wsproxy.store.reader import Capture

PATIENCE = 20.0


class Patient(ClientConnection):
    """A client that waits for a message, but not for ever."""

    async def recv(self, decode: bool | None = None) -> Any:
        return await asyncio.wait_for(super().recv(decode), PATIENCE)


class Proxied:
    """A proxy with faults in front of an echo server, and what the server heard."""

    proxy: Proxy

    def __init__(self, seed: int) -> None:
        self.faults = FaultSet(seed, time.time)
        self.heard: list[str | bytes] = []
        self.left: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def echo(self, socket: ServerConnection) -> None:
        try:
            async for message in socket:
                self.heard.append(message)
                await socket.send(message)
        finally:
            self.left.put_nowait(socket)

    def connect(self, **options: Any) -> connect:
        options = {"compression": None, "max_size": None, "ping_interval": None} | options
        return connect(self.proxy.url, create_connection=Patient, **options)

    async def records(self, count: int = 1) -> list[FaultRecord]:
        """The capture's fault records, as soon as there are `count`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                capture = Capture(self.proxy.capture)
                records = capture.fault_records()
                capture.close()
                if len(records) >= count:
                    return records
                await asyncio.sleep(0.02)  # the store writes twenty times a second

    async def ended(self) -> ConnectionRecord:
        """The capture's first connection, as soon as it has ended there."""
        async with asyncio.timeout(PATIENCE):
            while True:
                capture = Capture(self.proxy.capture)
                connection = capture.connections()[0]
                capture.close()
                if connection.end is not None:
                    return connection
                await asyncio.sleep(0.02)

    def sessions(self) -> list[Session]:
        """The connections that are open."""
        listener = self.proxy._listener
        return [live for live in listener.live().values() if isinstance(live, Session)]


@asynccontextmanager
async def faulty_proxy(seed: int = 1) -> AsyncIterator[Proxied]:
    made = Proxied(seed)
    async with serve(made.echo, "127.0.0.1", 0, max_size=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        settings = Settings(upstream_url=f"ws://127.0.0.1:{port}", listen_port=0, no_web=True)
        made.proxy = Proxy(settings, faults=made.faults)
        await made.proxy.start()
        try:
            yield made
        finally:
            await made.proxy.stop()


async def say(socket: ClientConnection, *messages: str | bytes) -> None:
    for message in messages:
        await socket.send(message)


async def hear(socket: ClientConnection, count: int) -> list[str | bytes]:
    return [await socket.recv() for _ in range(count)]
