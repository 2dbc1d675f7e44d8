"""pysignalr with both hub protocols, before a small hub: no server of SignalR is at hand here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from pysignalr.client import SignalRClient
from pysignalr.messages import (
    CompletionMessage,
    InvocationMessage,
    StreamInvocationMessage,
    StreamItemMessage,
)
from pysignalr.protocol.abstract import Protocol
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

from tests.integration.decoders.conftest import Start, lines

Kind = type[JSONProtocol] | type[MessagepackProtocol]


def arguments(*given: Any) -> Any:
    """The library's types want objects; the protocol takes any JSON."""
    return list(given)


def replies(message: Any) -> list[Any]:
    """What the hub answers: sums for `Add`, numbers for the stream `Count`, a call for `Greet`."""
    number = message.invocation_id
    if isinstance(message, StreamInvocationMessage):
        items = [StreamItemMessage(number, item, {}) for item in range(message.arguments[0])]
        return [*items, CompletionMessage(number, None, None, {})]
    if isinstance(message, InvocationMessage) and message.target == "Add":
        return [CompletionMessage(number, sum(message.arguments), None, {})]
    if isinstance(message, InvocationMessage) and message.target == "Greet":
        return [
            InvocationMessage(None, "Told", [f"hello {message.arguments[0]}"], {}),
            CompletionMessage(number, None, "no such thing", {}),
        ]
    return []


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    async def negotiate(_: web.Request) -> web.Response:
        transports = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]
        known = {"connectionId": "7", "negotiateVersion": 0, "availableTransports": transports}
        return web.json_response(known)

    async def hub(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        wanted = (await socket.receive()).data
        packed = "messagepack" in (wanted if isinstance(wanted, str) else wanted.decode())
        protocol: Protocol = MessagepackProtocol() if packed else JSONProtocol()
        await socket.send_str("{}\x1e")
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            for each in protocol.decode(message.data):
                for reply in replies(each):
                    data = protocol.encode(reply)
                    if isinstance(data, str):
                        await socket.send_str(data)
                    else:
                        await socket.send_bytes(data)
        return socket

    app = web.Application()
    app.router.add_post("/hub/negotiate", negotiate)
    app.router.add_get("/hub", hub)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def converse(client: SignalRClient) -> dict[str, Any]:
    """Call, stream and be called; what the client heard."""
    heard: dict[str, Any] = {}
    opened, done, told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def open_() -> None:
        opened.set()

    async def answered(message: Any) -> None:
        heard["sum"] = message.result
        done.set()

    async def refused(_: Any) -> None: ...

    async def failed(message: CompletionMessage) -> None:
        heard["error"] = message.error
        told.set()

    async def next_(item: Any) -> None:
        heard.setdefault("items", []).append(item)

    async def said(arguments: list[Any]) -> None:
        heard["told"] = arguments

    async def ended(_: Any) -> None:
        heard["complete"] = True

    client.on_open(open_)
    client.on_error(failed)
    client.on("Told", said)
    running = asyncio.create_task(client.run())
    async with asyncio.timeout(10):
        await opened.wait()
        await client.send("Add", arguments(1, 2, 3), answered)
        await done.wait()
        await client.stream("Count", arguments(3), next_, ended)
        await client.send("Greet", arguments("ann"), refused)
        await told.wait()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return heard


@pytest.mark.parametrize("kind", [JSONProtocol, MessagepackProtocol])
async def test_what_client_and_hub_say(upstream: str, through: Start, kind: Kind) -> None:
    proxy = through(upstream)
    heard = await converse(SignalRClient(f"{proxy.http_url}/hub", protocol=kind()))
    assert heard == {
        "sum": 6,
        "items": [0, 1, 2],
        "complete": True,
        "told": ["hello ann"],
        "error": "no such thing",
    }

    name = "json" if kind is JSONProtocol else "messagepack"
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert (up[0], down[0]) == (f"handshake {name} v1", "handshake ok")
    called = [line.split(" #")[0] for line in up[1:] if line != "ping"]
    assert called == ["invoke Add(3 args)", "stream Count(1 arg)", "invoke Greet(1 arg)"]
    kinds = [line.split()[0] for line in down[1:]]
    assert kinds == ["completion", "item", "item", "item", "completion", "invoke", "completion"]
    answers = proxy.messages.where("~kind ^completion$")
    assert all(answer.latency is not None for answer in answers)
    assert [(one.method, one.status) for one in proxy.requests] == [("POST", 200)]
