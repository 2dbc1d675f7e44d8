"""python-socketio's client and server: acks, attachments, namespaces, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from aiohttp import web

from tests.integration.decoders.conftest import Start, lines


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    server = socketio.AsyncServer(async_mode="aiohttp")

    @server.event(namespace="/adm")  # type: ignore[untyped-decorator]
    async def echo(sid: str, *arguments: Any) -> tuple[Any, ...]:
        await server.emit("seen", {"by": "server"}, namespace="/adm")
        return arguments

    @server.on("connect", namespace="/adm")  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: Any, auth: Any) -> bool:
        if auth == "wrong":
            raise socketio.exceptions.ConnectionRefusedError("unauthorized")
        return True

    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_what_client_and_server_say(upstream: str, through: Start) -> None:
    proxy = through(upstream)
    client = socketio.AsyncClient()
    seen = asyncio.Event()
    client.on("seen", lambda data: seen.set(), namespace="/adm")
    await client.connect(proxy.http_url, namespaces=["/adm"], transports=["websocket"])
    answer = await client.call("echo", ("text", b"\x00\x01\x02", b"xyz"), namespace="/adm")
    assert list(answer) == ["text", b"\x00\x01\x02", b"xyz"]
    await asyncio.wait_for(seen.wait(), 5)
    await client.disconnect()

    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert up[0] == "CONNECT /adm"
    assert up[1].startswith('EVENT echo /adm ack=1 "text"') and up[1].endswith("(2 attachments)")
    assert up[2] == "attachment 1/2 of EVENT echo /adm ack=1 3 B <000102>"
    assert up[3] == "attachment 2/2 of EVENT echo /adm ack=1 3 B xyz"
    assert down[0].startswith("open {sid:")
    assert down[1].startswith("CONNECT /adm {sid:")
    assert 'EVENT seen /adm {by:"server"}' in down
    (ack,) = [one for one in proxy.messages if one.decoded and one.decoded[0].kind == "ACK"]
    assert ack.latency is not None and ack.latency >= 0
    assert len(proxy.messages.where("~kind ^attachment$ & ~up")) == 2


async def test_a_refused_namespace(upstream: str, through: Start) -> None:
    proxy = through(upstream)
    client = socketio.AsyncClient()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            proxy.http_url, auth="wrong", namespaces=["/adm"], transports=["websocket"]
        )
    assert "CONNECT_ERROR /adm unauthorized" in lines(proxy, "downstream")


async def test_every_second_ack_is_dropped(upstream: str, through: Start) -> None:
    proxy = through(upstream)
    proxy.faults.add("drop", match="~kind ^ACK$", every=2)
    client = socketio.AsyncClient()
    await client.connect(proxy.http_url, namespaces=["/adm"], transports=["websocket"])
    assert await client.call("echo", 1, namespace="/adm") == 1
    with pytest.raises(socketio.exceptions.TimeoutError):
        await client.call("echo", 2, namespace="/adm", timeout=1)
    assert await client.call("echo", 3, namespace="/adm") == 3
    await client.disconnect()
    assert [seen.verdict for seen in proxy.messages.where("~kind ^ACK$")] == [
        "relayed",
        "dropped",
        "relayed",
    ]
