"""Socket.IO, graphql-transport-ws, JSON-RPC and a chat, recorded with the real libraries, then played
again with either side absent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import socketio
import strawberry
from aiohttp import web
from gql import Client, gql
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from strawberry.aiohttp.views import GraphQLView
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.integration.test_replay import record
from wsproxy.replay.client import How
from wsproxy.replay.compared import replay
from wsproxy.replay.server import ReplayServer
from wsproxy.replay.volatile import Ignored

Use = Callable[[str], Awaitable[object]]
"""A client's part; returns what it got."""

Server = Callable[..., AbstractAsyncContextManager[str]]
"""Gives its URL (ws://...); with `changed` it answers something else in one place."""


@asynccontextmanager
async def _aiohttp(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def _websockets(handle: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    async with serve(handle, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def socketio_server(*, changed: bool = False) -> AsyncIterator[str]:
    server = socketio.AsyncServer(async_mode="aiohttp")

    @server.event  # type: ignore[untyped-decorator]
    async def price(sid: str, name: str) -> dict[str, object]:
        return {"name": name, "price": 99 if changed and name == "b" else 101.5}

    app = web.Application()
    server.attach(app)
    async with _aiohttp(app) as url:
        yield url


async def use_socketio(url: str) -> object:
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(url, transports=["websocket"])
    got = [await client.call("price", name, timeout=10) for name in ("a", "b")]
    await client.disconnect()
    return got


@asynccontextmanager
async def graphql_server(*, changed: bool = False) -> AsyncIterator[str]:
    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self, name: str) -> str:
            return f"{'bye' if changed else 'hello'} {name}"

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def count(self, n: int) -> AsyncGenerator[int, None]:
            for number in range(n):
                yield number
                await asyncio.sleep(0)

    Query.__module__ = Subscription.__module__ = __name__
    app = web.Application()
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    app.router.add_route("*", "/graphql", GraphQLView(schema=schema))
    async with _aiohttp(app) as url:
        yield url


async def use_graphql(url: str) -> object:
    transport = AIOHTTPWebsocketsTransport(
        url=f"{url}/graphql", subprotocols=["graphql-transport-ws"]
    )
    async with Client(transport=transport) as session:
        counted = [
            result["count"]
            async for result in session.subscribe(gql("subscription { count(n: 3) }"))
        ]
        return counted, await session.execute(gql('{ hello(name: "ann") }'))


@asynccontextmanager
async def jsonrpc_server(*, changed: bool = False) -> AsyncIterator[str]:
    async def handle(socket: ServerConnection) -> None:
        async for text in socket:
            call = json.loads(text)
            result = sum(call["params"]) + (changed and call["method"] == "sum" and 1)
            answer = {"jsonrpc": "2.0", "id": call["id"], "result": result}
            await socket.send(json.dumps(answer))

    async with _websockets(handle) as url:
        yield url


async def use_jsonrpc(url: str) -> object:
    async with connect(f"{url}/rpc") as socket:
        got = []
        for number, (method, params) in enumerate([("sum", [1, 2]), ("add", [10])]):
            call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            await socket.send(json.dumps(call))
            got.append(json.loads(await socket.recv())["result"])
        return got


@asynccontextmanager
async def chat_server(*, changed: bool = False) -> AsyncIterator[str]:
    there: set[ServerConnection] = set()

    async def handle(socket: ServerConnection) -> None:
        there.add(socket)
        async for text in socket:
            said = json.loads(text)
            if changed and said["text"] == "bye":
                said["text"] = "BYE"
            broadcast(there, json.dumps({"type": "said", **said}))
        there.discard(socket)

    async with _websockets(handle) as url:
        yield url


async def use_chat(url: str) -> object:
    async with connect(f"{url}/room") as socket:
        got = []
        for text in ("hello", "bye"):
            await socket.send(json.dumps({"from": "ann", "text": text}))
            got.append(json.loads(await socket.recv()))
        return got


APPS: dict[str, tuple[Server, Use]] = {
    "socketio": (socketio_server, use_socketio),
    "graphql": (graphql_server, use_graphql),
    "jsonrpc": (jsonrpc_server, use_jsonrpc),
    "chat": (chat_server, use_chat),
}


@pytest.mark.parametrize("name", APPS)
async def test_either_side_can_be_absent(name: str, tmp_path: Path) -> None:
    server, use = APPS[name]
    got: list[object] = []

    async def talk(url: str) -> None:
        got.append(await use(url))

    async with server() as url:
        talks = await record(tmp_path / "c.wsproxy", url, talk)
        same = await replay(talks, How(url, None), Ignored())
    assert same.same, [str(d) for d in same.differences]
    assert same.matched

    async with server(changed=True) as url:
        other = await replay(talks, How(url, None), Ignored())
    assert len(other.differences) == 1, [str(d) for d in other.differences]
    assert len(other.differences[0].changes) == 1

    player = ReplayServer(talks, speed=None)
    port = await player.start("127.0.0.1", 0)
    assert await use(f"ws://127.0.0.1:{port}") == got[0]
    await player.stop()
    assert player.unmatched == []
