"""python-socketio's client and server: acks, attachments, namespaces, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from aiohttp import web

from tests.integration.decoders.conftest import Speak, Start, lines
from wsproxy.payloads.http import HttpSayings


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    server = socketio.AsyncServer(async_mode="aiohttp")

    @server.event(namespace="/adm")  # type: ignore[untyped-decorator]
    async def echo(sid: str, *arguments: Any) -> tuple[Any, ...]:
        await server.emit("seen", {"by": "server"}, namespace="/adm")
        return arguments

    @server.on("connect", namespace="/adm")  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: Any, auth: Any) -> bool:
        if auth in ("wrong", {"token": "wrong"}):
            raise socketio.exceptions.ConnectionRefusedError("unauthorized")
        return True

    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)  # polls wait for long
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


async def test_what_a_client_in_javascript_says(
    upstream: str, through: Start, speak: Speak
) -> None:
    proxy = through(upstream)
    heard = await speak("socketio", proxy.http_url, "websocket")
    assert heard["refused"] == "unauthorized"
    assert heard["answer"] == ["text", [0, 1, 2], "xyz"]

    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert f'CONNECT /adm {{sid:"{heard["sid"]}"}}' in down
    assert "CONNECT_ERROR /adm unauthorized" in down
    assert 'CONNECT /adm {token:"right"}' in up
    start = next(n for n, line in enumerate(up) if line.startswith("EVENT echo"))
    assert up[start].startswith('EVENT echo /adm ack=0 "text"')
    assert up[start].endswith("(2 attachments)")
    assert up[start + 1 : start + 3] == [
        "attachment 1/2 of EVENT echo /adm ack=0 3 B <000102>",
        "attachment 2/2 of EVENT echo /adm ack=0 3 B xyz",
    ]
    acks = proxy.messages.where("~kind ^ACK$")
    assert [ack.decoded[0].summary[:10] for ack in acks] == ["ACK /adm 0", "ACK /adm 1"]
    assert all(ack.latency is not None for ack in acks)
    assert 'EVENT seen /adm {by:"server"}' in down


async def test_polling(upstream: str, through: Start, speak: Speak) -> None:
    proxy = through(upstream)
    heard = await speak("socketio", proxy.http_url, "polling")
    assert heard["answer"] == ["text", [0, 1, 2], "xyz"]

    sayings = HttpSayings()
    said = [sayings.of(record) for record in proxy.requests]
    asked = [one.summary for each in said for one in each.asked]
    answered = [one.summary for each in said for one in each.answered]
    assert answered[0].startswith("open {sid:")
    assert "CONNECT_ERROR /adm unauthorized" in answered
    assert f'CONNECT /adm {{sid:"{heard["sid"]}"}}' in answered
    assert 'CONNECT /adm {token:"right"}' in asked
    assert any(line.startswith("EVENT echo /adm ack=0") for line in asked)
    assert "attachment 2/2 of EVENT echo /adm ack=0 3 B xyz" in asked
    assert any(line.startswith("ACK /adm 0") for line in answered)
    assert "EVENT echo /adm ack=1 7" in asked


async def test_polling_that_becomes_a_socket(upstream: str, through: Start, speak: Speak) -> None:
    proxy = through(upstream)
    heard = await speak("socketio", proxy.http_url, "polling", "websocket")
    assert heard["transport"] == "websocket"
    opened = HttpSayings().of(proxy.requests[0]).answered
    assert [one.kind for one in opened] == ["open"]
    assert lines(proxy, "upstream")[0] == "probe"
    assert lines(proxy, "downstream")[0] == "probe answered"
    assert "EVENT echo /adm ack=1 7" in lines(proxy, "upstream")


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
