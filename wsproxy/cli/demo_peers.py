"""A small upstream and a client that talk through a proxy, to see something at once."""

from __future__ import annotations

import asyncio
import json

from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

SUBPROTOCOL = Subprotocol("prices.v1")
NEWS = "WebSocket messages can come in pieces; "


async def start_upstream() -> tuple[Server, int]:
    """Start the upstream on a free port; returns it and the port."""
    server = await serve(_prices, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL])
    return server, next(iter(server.sockets)).getsockname()[1]


async def _prices(socket: ServerConnection) -> None:
    try:
        async for message in socket:
            if isinstance(message, bytes):
                await socket.send(message[::-1])
                continue
            request = json.loads(message)
            if request["op"] == "subscribe":
                await socket.send(json.dumps({"id": request["id"], "ok": True}))
                await socket.send([NEWS, "these are ", "three fragments"])
                await socket.send(json.dumps({"prices": [{"symbol": "WSP", "price": 101.5}] * 12}))
            elif request["op"] == "logout":
                await socket.close(4001, "logged out by the server")
            else:
                await socket.send(json.dumps({"id": request["id"], "price": 101.5}))
    except ConnectionClosed:
        pass


async def conversation(url: str) -> None:
    """Every kind of frame once: two connections, closed once by each side."""
    async with connect(f"{url}/prices?user=demo", subprotocols=[SUBPROTOCOL]) as socket:
        await socket.send(json.dumps({"op": "subscribe", "id": 1, "symbols": ["WSP"]}))
        for _ in range(3):
            await socket.recv()
        await (await socket.ping(b"still there?"))
        await socket.close(1000, "done")
    async with connect(
        f"{url}/prices?user=plain", subprotocols=[SUBPROTOCOL], compression=None
    ) as socket:
        await socket.send(json.dumps({"op": "price", "id": 2}))
        await socket.recv()
        await socket.send(bytes(range(32)))
        await socket.recv()
        await socket.send(json.dumps({"op": "logout", "id": 3}))
        try:
            await socket.recv()
        except ConnectionClosed:
            await socket.wait_closed()


async def keep_talking(url: str) -> None:
    """Ask for a price every second until cancelled."""
    async with connect(f"{url}/prices?user=ticker", subprotocols=[SUBPROTOCOL]) as socket:
        number = 10
        while True:
            await socket.send(json.dumps({"op": "price", "id": number}))
            await socket.recv()
            number += 1
            await asyncio.sleep(1)
