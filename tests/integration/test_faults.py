"""Each fault on real connections: a real client sees what the fault's documentation promises."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from tests.support.faulty import PATIENCE, Proxied, faulty_proxy, hear, say
from wsproxy.faults.registry import FAULT_TYPES


def close_sent(socket: ClientConnection) -> int:
    """The code with which the client closed by itself."""
    assert socket.protocol.close_sent is not None
    return int(socket.protocol.close_sent.code)


async def test_latency(proxied: Proxied) -> None:
    proxied.faults.add({"type": "latency", "latency": "150ms"})
    async with proxied.connect() as socket:
        start = time.monotonic()
        sent = [str(number) for number in range(20)]
        await say(socket, *sent)
        assert await hear(socket, 20) == sent
        # Twenty times 150 ms would be three seconds: the delays do not add up.
        assert 0.145 <= time.monotonic() - start < 2.0
    (record, *_) = await proxied.records()
    assert (record.name, record.type, record.message) == ("latency", "latency", 1)
    assert record.detail == "delayed by 150 ms"


async def test_bandwidth(proxied: Proxied) -> None:
    proxied.faults.add({"type": "bandwidth", "rate": "100KB/s"})
    async with proxied.connect() as socket:
        start = time.monotonic()
        await socket.send(b"x" * 40_000)
        assert await socket.recv() == b"x" * 40_000
        assert 0.35 <= time.monotonic() - start < 4.0  # 40 KB at 100 KB/s


async def test_drop(proxied: Proxied) -> None:
    proxied.faults.add({"type": "drop", "every": 2})
    async with proxied.connect() as socket:
        await say(socket, "1", "2", "3", "4", "5")
        assert await hear(socket, 3) == ["1", "3", "5"]
    record = (await proxied.records(2))[0]
    assert (record.message, record.before, record.after) == (2, b"2", b"")


async def test_duplicate(proxied: Proxied) -> None:
    proxied.faults.add({"type": "duplicate", "copies": 2, "nth": 1, "direction": "upstream"})
    async with proxied.connect() as socket:
        await say(socket, "pay", "thanks")
        assert await hear(socket, 4) == ["pay", "pay", "pay", "thanks"]


async def test_reorder(proxied: Proxied) -> None:
    proxied.faults.add({"type": "reorder", "window": 20})
    sent = [str(number) for number in range(20)]
    async with proxied.connect() as socket:
        await say(socket, *sent)
        heard = await hear(socket, 20)
        assert heard != sent
        assert sorted(map(str, heard)) == sorted(sent)
        proxied.faults.change("reorder", {"wait": "50ms"})
        await say(socket, "alone")
        assert await hear(socket, 1) == ["alone"]  # nothing is held for ever


async def test_corrupt(proxied: Proxied) -> None:
    proxied.faults.add({"type": "corrupt", "unit": "bits", "count": 1})
    async with proxied.connect() as socket:
        await socket.send(bytes(64))
        heard = await socket.recv()
        assert isinstance(heard, bytes)
        assert sum(byte.bit_count() for byte in heard) == 1
    (record,) = await proxied.records()
    assert (record.before, record.after) == (bytes(64), heard)


async def test_corrupt_text_is_a_protocol_error(proxied: Proxied) -> None:
    proxied.faults.add({"type": "corrupt", "unit": "bytes", "count": 400})
    async with proxied.connect() as socket:
        await socket.send("a" * 400)
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert close_sent(socket) == 1007


async def test_replace(proxied: Proxied) -> None:
    proxied.faults.add({"type": "replace", "pointer": "/price", "value": -1})
    proxied.faults.add({"type": "replace", "pattern": "(w)orld", "replacement": r"\1ombat"})
    async with proxied.connect() as socket:
        await say(socket, '{"price": 101.5, "symbol": "WSP"}', "hello world")
        assert json.loads(await socket.recv()) == {"price": -1, "symbol": "WSP"}
        assert await socket.recv() == "hello wombat"


async def test_inject_after_a_match(proxied: Proxied) -> None:
    proxied.faults.add({"type": "inject", "content": '{"error": "busy"}', "match": "~b subscribe"})
    async with proxied.connect() as socket:
        await say(socket, "hello", "subscribe", "bye")
        expected = ["hello", "subscribe", '{"error": "busy"}', "bye"]
        assert await hear(socket, 4) == expected


async def test_inject_at_a_time(proxied: Proxied) -> None:
    proxied.faults.add(
        {
            "type": "inject",
            "content": "00ff",
            "encoding": "hex",
            "opcode": "binary",
            "after": "50ms",
        }
    )
    async with proxied.connect() as socket:
        assert await socket.recv() == b"\x00\xff"


async def test_fragment(proxied: Proxied) -> None:
    proxied.faults.add({"type": "fragment", "frames": 3, "pings": True})
    async with proxied.connect() as socket:
        await socket.send("abcdefgh")
        async with asyncio.timeout(PATIENCE):
            assert [piece async for piece in socket.recv_streaming()] == ["abc", "def", "gh"]


async def test_slicer(proxied: Proxied) -> None:
    proxied.faults.add({"type": "slicer", "size": 3, "pause": "20ms"})
    async with proxied.connect() as socket:
        start = time.monotonic()
        await socket.send("0123456789")
        assert await socket.recv() == "0123456789"
        assert time.monotonic() - start >= 0.055  # 12 bytes, 4 pieces, 3 pauses


async def test_truncate(proxied: Proxied) -> None:
    proxied.faults.add({"type": "truncate", "keep": 0.5, "nth": 2})
    async with proxied.connect() as socket:
        await say(socket, "whole", "never whole")
        assert await socket.recv() == "whole"
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert socket.close_code == 1006
    (record,) = await proxied.records()
    assert record.before == b"\x81\x0bnever whole"
    assert record.after == record.before[:6]


async def test_limit_data(proxied: Proxied) -> None:
    proxied.faults.add({"type": "limit_data", "bytes": 10})
    async with proxied.connect() as socket:
        await say(socket, "12345678", "beyond")
        assert await socket.recv() == "12345678"
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert socket.close_code == 1006


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("reserved_bits", 1002),
        ("reserved_opcode", 1002),
        ("wrong_masking", 1002),
        ("bad_close_code", 1002),
        ("oversize_control", 1002),
        ("fragmented_control", 1002),
        ("orphan_continuation", 1002),
        ("invalid_utf8", 1007),
    ],
)
async def test_malformed(proxied: Proxied, how: str, code: int) -> None:
    proxied.faults.add({"type": "malformed", "how": how, "nth": 2})
    async with proxied.connect() as socket:
        await say(socket, "fine", "broken")
        assert await socket.recv() == "fine"
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert close_sent(socket) == code


async def test_close_at_once(proxied: Proxied) -> None:
    proxied.faults.add({"type": "close", "code": 1012, "reason": "restart"})
    async with proxied.connect() as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason) == (1012, "restart")
    server_side = await asyncio.wait_for(proxied.left.get(), PATIENCE)
    assert server_side.close_code == 1012


async def test_close_at_a_message_as_aiohttp_sees_it(proxied: Proxied) -> None:
    proxied.faults.add({"type": "close", "code": 4000, "match": "~b bye"})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(proxied.proxy.url) as socket,
    ):
        await socket.send_str("hello")
        await socket.send_str("bye")
        assert (await socket.receive()).data == "hello"
        closing = await socket.receive()
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 4000)


async def test_reset(proxied: Proxied) -> None:
    proxied.faults.add({"type": "reset", "nth": 1})
    async with proxied.connect() as socket:
        await socket.send("hello")
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert socket.close_code == 1006
        assert isinstance(closed.value.__cause__, ConnectionResetError)


async def test_stall(proxied: Proxied) -> None:
    proxied.faults.add({"type": "stall", "nth": 2})
    async with proxied.connect() as socket:
        await say(socket, "1", "2", "3")
        assert await socket.recv() == "1"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.2)
        proxied.faults.remove("stall")
        assert await hear(socket, 2) == ["2", "3"]


async def test_stall_that_ends_in_a_cut(proxied: Proxied) -> None:
    proxied.faults.add({"type": "stall", "cut_after": "150ms", "cut": "reset"})
    async with proxied.connect() as socket:
        start = time.monotonic()
        await socket.send("hello")
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert time.monotonic() - start >= 0.14
        assert socket.close_code == 1006


async def test_slow_close(proxied: Proxied) -> None:
    proxied.faults.add({"type": "slow_close", "delay": "600ms"})
    async with proxied.connect() as socket:
        await socket.send("hello")
        start = time.monotonic()
        assert await socket.recv() == "hello"
        assert time.monotonic() - start < 0.55
        start = time.monotonic()
        await socket.close()
        assert time.monotonic() - start >= 0.59


async def test_refuse_with_a_status(proxied: Proxied) -> None:
    proxied.faults.add({"type": "refuse", "status": 429, "first": 2})
    for _ in range(2):
        with pytest.raises(InvalidStatus) as refused:
            await proxied.connect()
        assert refused.value.response.status_code == 429
    async with proxied.connect() as socket:
        await socket.send("at last")
        assert await socket.recv() == "at last"
    assert proxied.heard == ["at last"]
    assert [record.detail for record in await proxied.records(2)] == ["answered with 429"] * 2


async def test_refuse_late(proxied: Proxied) -> None:
    proxied.faults.add({"type": "refuse", "answer": "late", "delay": "150ms"})
    start = time.monotonic()
    async with proxied.connect():
        assert time.monotonic() - start >= 0.14


async def test_refuse_never(proxied: Proxied) -> None:
    proxied.faults.add({"type": "refuse", "answer": "never"})
    with pytest.raises(TimeoutError):
        await proxied.connect(open_timeout=0.2)


async def test_refuse_never_does_not_keep_the_proxy_from_stopping() -> None:
    async with faulty_proxy() as proxied:
        proxied.faults.add({"type": "refuse", "answer": "never"})
        reader, writer = await asyncio.open_connection("127.0.0.1", proxied.proxy.port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await proxied.records()
        start = time.monotonic()
    assert time.monotonic() - start < 5
    assert await reader.read() == b""
    writer.close()


async def test_ping_flood(proxied: Proxied) -> None:
    proxied.faults.add({"type": "ping_flood", "rate": 1000, "count": 50, "payload": "flood"})
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(proxied.proxy.url, autoping=False) as socket:
            for _ in range(50):
                ping = await socket.receive()
                assert (ping.type, ping.data) == (aiohttp.WSMsgType.PING, b"flood")
            await socket.send_str("and still")
            assert (await socket.receive()).data == "and still"


async def test_no_pong(proxied: Proxied) -> None:
    proxied.faults.add({"type": "no_pong"})
    async with proxied.connect(ping_interval=0.1, ping_timeout=0.2) as socket:
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert close_sent(socket) == 1011  # keepalive ping timeout


def test_every_fault_has_its_test() -> None:
    tests = [name for name in globals() if name.startswith("test_")]
    for kind in FAULT_TYPES:
        assert any(name.startswith(f"test_{kind}") for name in tests), kind
