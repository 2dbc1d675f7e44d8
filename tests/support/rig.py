"""A real upstream, a real proxy with its page, and clients: what tests of the page start from."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.faults.control import FaultSet

TOKEN = "a-token-for-tests"


class Rig:
    """An echoing upstream and a proxy in front of it."""

    def __init__(
        self, proxy: Proxy, received: asyncio.Queue[str | bytes], slow: asyncio.Event
    ) -> None:
        self.proxy = proxy
        self.received = received
        """What the upstream has received."""
        self.slow = slow
        """Until it is set, the upstream answers no request for /slow."""
        self.session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"})

    @property
    def api(self) -> str:
        return f"{self.origin}/api/v1"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.proxy.web_port}"

    @contextlib.asynccontextmanager
    async def client(self, path: str = "/echo", **options: Any) -> AsyncIterator[ClientConnection]:
        """A client that is connected through the proxy."""
        options.setdefault("compression", None)
        async with connect(f"{self.proxy.url}{path}", max_size=None, **options) as client:
            yield client

    async def get(self, path: str, **parameters: Any) -> Any:
        async with self.session.get(f"{self.api}{path}", params=parameters) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def call(
        self, method: str, path: str, body: object = None, **options: Any
    ) -> tuple[int, Any]:
        """Any request; returns status and JSON."""
        if body is not None:
            options["json"] = body
        async with self.session.request(method, f"{self.api}{path}", **options) as response:
            return response.status, await response.json()

    async def rows(self, count: int, **parameters: Any) -> list[dict[str, Any]]:
        """The first rows of a list, once it has so many."""
        for _ in range(200):
            page = await self.get("/frames", limit=1000, **parameters)
            if page["total"] >= count and page["complete"]:
                return list(page["rows"])
            await asyncio.sleep(0.02)
        raise AssertionError(f"there are only {page['total']} rows: {page}")

    async def received_text(self) -> str | bytes:
        return await asyncio.wait_for(self.received.get(), 10)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Rig]:
    """A rig, started and stopped."""
    received: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def echo(socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                received.put_nowait(message)
                if message == "pieces":
                    await socket.send(["one ", "two ", "three"])
                elif isinstance(message, str) and message.startswith('{"op"'):
                    await socket.send(json.dumps({"id": json.loads(message)["id"], "ok": True}))
                elif message == "bye":
                    await socket.close(4001, "bye <b>now</b>")
                elif message == "break":
                    socket.transport.abort()
                else:
                    await socket.send(message)

    slow = asyncio.Event()

    async def answered(socket: ServerConnection, request: Request) -> Response | None:
        if request.path == "/slow":
            await slow.wait()
            return socket.respond(200, "at last\n")
        return socket.respond(403, "not you\n") if request.path == "/secret" else None

    async with serve(
        echo,
        "127.0.0.1",
        0,
        max_size=None,
        select_subprotocol=lambda _, offered: Subprotocol(offered[0]) if offered else None,
        process_request=answered,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        faults = FaultSet(7, time.time)
        options: dict[str, Any] = {
            "upstream_url": f"ws://127.0.0.1:{port}",
            "listen_port": 0,
            "web_port": 0,
            "web_token": TOKEN,
        } | settings
        proxy = Proxy(Settings(**options), faults=faults, fault_control=faults)
        await proxy.start()
        rig = Rig(proxy, received, slow)
        try:
            yield rig
        finally:
            await rig.session.close()
            await proxy.stop()
