"""Faults together with what traffic can be: compressed, fragmented, huge, many, interrupted."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.support.faulty import PATIENCE, Proxied, faulty_proxy, hear, say
from wsproxy.model.records import Direction

DAMAGE: list[dict[str, Any]] = [
    {"type": "duplicate", "every": 7},
    {"type": "drop", "every": 5},
    {"type": "reorder", "window": 2, "wait": "20ms"},
    {"type": "corrupt", "every": 3},
    {"type": "replace", "pattern": "repeat", "replacement": "REPEAT", "probability": 0.3},
    {"type": "fragment", "frames": 3, "probability": 0.5},
    {"type": "slicer", "size": 50, "pause": "1ms", "probability": 0.1},
    {"type": "inject", "content": "injected", "every": 11} | {"match": "~data"},
]


OVERTAKEN = {"type": "reorder", "window": 3, "wait": "20ms", "match": "~b '[02468] '"}
"""Every other message is held, and the others overtake it."""


@pytest.mark.parametrize(
    "fault", [*DAMAGE, OVERTAKEN], ids=[*(str(spec["type"]) for spec in DAMAGE), "overtaken"]
)
@pytest.mark.parametrize("stream", ["upstream", "downstream"])
async def test_compression_with_context_takeover(
    proxied: Proxied, fault: dict[str, Any], stream: str
) -> None:
    """Every message refers back to those before it: one wrong byte of context shows at once."""
    proxied.faults.add(fault | {"direction": stream, "name": "f"})
    sent: list[str | bytes] = [f"repeat repeat repeat number {number} " * 3 for number in range(60)]
    if fault["type"] == "corrupt":  # in a text it would end the connection
        sent = [str(message).encode() for message in sent]
    async with proxied.connect(compression="deflate") as socket:
        async with asyncio.TaskGroup() as group:
            group.create_task(say(socket, *sent, "end of it all"))
            heard = await until(socket, "end of it all")
        assert proxied.faults.faults()[0]["strikes"] > 0
        # After a reset everything is relayed as it was, whatever the compression is by now.
        proxied.faults.reset()
        await say(socket, *sent)
        rest: list[str | bytes] = []
        while not rest or rest[-1] != sent[-1]:
            rest.append(await socket.recv())
        assert rest[-60:] == sent
    if fault["type"] in ("fragment", "slicer"):
        assert heard[:-1] == sent
    if fault["type"] == "reorder":
        assert sorted(map(str, heard[:-1])) == sorted(map(str, sent))


async def until(socket: ClientConnection, last: str) -> list[str | bytes]:
    """What is received up to `last`, or, where a fault may have struck that, up to a pause."""
    heard: list[str | bytes] = []
    with contextlib.suppress(TimeoutError):
        while last not in heard:
            heard.append(await asyncio.wait_for(socket.recv(decode=False), 1.0))
            with contextlib.suppress(UnicodeDecodeError):
                heard[-1] = bytes(heard[-1]).decode()  # type: ignore[arg-type]
    return heard


async def test_everything_at_once_on_fragmented_messages(proxied: Proxied) -> None:
    for spec in DAMAGE:
        if spec["type"] not in ("corrupt", "drop"):
            proxied.faults.add(spec | {"direction": "both", "name": str(spec["type"])})
    async with proxied.connect(compression="deflate") as socket:
        for number in range(30):
            await socket.send([f"repeat {number} ", "in ", "pieces"])
        heard: list[str] = []
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(str(await asyncio.wait_for(socket.recv(), 0.5)).lower())
        for number in range(30):
            assert f"repeat {number} in pieces" in heard


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "latency", "latency": "50ms"},
        {"type": "duplicate"},
        {"type": "corrupt", "count": 5},
        {"type": "fragment", "frames": 100},
        {"type": "slicer", "size": "1MB", "pause": "1ms"},
        {"type": "bandwidth", "rate": "40MB/s"},
        {"type": "replace", "pattern": "x", "replacement": "y"},
    ],
    ids=lambda fault: fault["type"],
)
@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_ten_megabytes(proxied: Proxied, fault: dict[str, Any], compression: str) -> None:
    proxied.faults.add(fault)
    message = bytes(range(120)) * 87382  # 10 MiB, compressible
    async with proxied.connect(compression=compression) as socket:
        await socket.send(message)
        heard = await socket.recv()
        assert len(heard) == len(message)
        if fault["type"] == "replace":
            message = message.replace(b"x", b"y")
        if fault["type"] == "corrupt":
            assert isinstance(heard, bytes)
            assert sum(a != b for a, b in zip(heard, message, strict=True)) in range(1, 6)
        else:
            assert heard == message


async def test_two_hundred_connections(proxied: Proxied) -> None:
    proxied.faults.populate(
        [
            {"type": "latency", "latency": "50ms", "jitter": "20ms", "direction": "both"},
            {"type": "drop", "nth": 3},
            {"type": "close", "code": 4001, "toxicity": 0.25, "nth": 4},
        ]
    )

    async def client(number: int) -> int | None:
        async with proxied.connect(open_timeout=20) as socket:
            sent = [f"{number}:{index}" for index in range(5)]
            await say(socket, *sent)
            expected = [sent[0], sent[1], sent[3], sent[4]]
            heard = []
            try:
                for _ in expected:
                    heard.append(await socket.recv())
            except ConnectionClosed:
                assert heard == expected[:3]
                return socket.close_code
            assert heard == expected
            return None

    codes = await asyncio.gather(*(client(number) for number in range(200)))
    assert set(codes) == {None, 4001}
    assert 30 <= codes.count(4001) <= 70


async def test_removal_in_the_middle_of_a_delay(proxied: Proxied) -> None:
    proxied.faults.add({"type": "latency", "latency": "300ms"})
    before = [f"before {number}" for number in range(50)]
    after = [f"after {number}" for number in range(50)]
    async with proxied.connect() as socket:
        await say(socket, *before)
        async with asyncio.timeout(PATIENCE):
            while len(proxied.heard) < 50:
                await asyncio.sleep(0.005)
        proxied.faults.remove("latency")
        await say(socket, *after)
        assert await hear(socket, 100) == before + after
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)


async def test_after_removal_the_lane_is_cut_through_again(proxied: Proxied) -> None:
    async with proxied.connect() as socket:
        (session,) = proxied.sessions()
        assert not any(lane.held for lane in session.lanes)
        proxied.faults.add({"type": "latency", "latency": "20ms", "direction": "both"})
        assert all(lane.held for lane in session.lanes)
        await say(socket, "held")
        assert await hear(socket, 1) == ["held"]
        proxied.faults.reset()
        async with asyncio.timeout(5):
            while any(lane.held for lane in session.lanes):
                await asyncio.sleep(0.005)
        await say(socket, "free")
        assert await hear(socket, 1) == ["free"]


@pytest.mark.parametrize("stream", ["upstream", "downstream", "both"])
@pytest.mark.parametrize("how", ["close", "abort"])
async def test_the_client_leaves_in_the_middle_of_a_stall(
    proxied: Proxied, stream: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsproxy.relay.session.HALF_CLOSED_SECONDS", 0.3)
    proxied.faults.add({"type": "stall", "direction": stream})
    socket = await proxied.connect(close_timeout=0.1)
    await say(socket, "into the void")
    await asyncio.sleep(0.05)
    if how == "close":
        await socket.close()
    else:
        socket.transport.abort()
    await asyncio.wait_for(proxied.left.get(), 5)  # the server is told
    await asyncio.wait_for(proxied.ended(), 5)
    assert proxied.sessions() == []


async def test_a_change_takes_hold_at_the_next_message(proxied: Proxied) -> None:
    proxied.faults.add({"type": "replace", "pattern": ".+", "replacement": "first"})
    async with proxied.connect() as socket:
        await say(socket, "x")
        assert await hear(socket, 1) == ["first"]
        proxied.faults.change("replace", {"replacement": "second"})
        await say(socket, "x")
        assert await hear(socket, 1) == ["second"]
        proxied.faults.change("replace", {"enabled": False})
        await say(socket, "x")
        assert await hear(socket, 1) == ["x"]
    assert proxied.faults.faults()[0]["strikes"] == 2


async def test_faults_that_come_and_go_at_random_lose_nothing(proxied: Proxied) -> None:
    """None of these may lose, double or change a message, whenever it is added or removed."""
    harmless: list[dict[str, Any]] = [
        {"type": "latency", "latency": "5ms", "jitter": "5ms"},
        {"type": "reorder", "window": 3, "wait": "10ms"},
        {"type": "slicer", "size": 20, "pause": "1ms"},
        {"type": "stall", "for": "30ms"},
        {"type": "bandwidth", "rate": "500KB/s"},
        {"type": "fragment", "frames": 3},
    ]
    random = Random(3)
    sent = [f"message {number} " * 5 for number in range(300)]
    async with proxied.connect(compression="deflate") as socket:
        for message in sent:
            await socket.send(message)
            await asyncio.sleep(0.001)
            chance = random.random()
            faults = proxied.faults.faults()
            if chance < 0.1:
                stream = random.choice(["both", "upstream", "downstream"])
                proxied.faults.add(random.choice(harmless) | {"direction": stream})
            elif chance < 0.13 and faults:
                proxied.faults.remove(random.choice(faults)["name"])
            elif chance < 0.15:
                proxied.faults.reset()
        proxied.faults.reset()
        assert sorted(map(str, await hear(socket, 300))) == sorted(sent)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)


async def test_one_seed_one_history_with_a_real_client() -> None:
    scenario: list[dict[str, Any]] = [
        {"type": "drop", "probability": 0.1, "direction": "both"},
        {"type": "duplicate", "probability": 0.1, "direction": "both"},
        {"type": "corrupt", "probability": 0.1, "direction": "both", "match": "~binary"},
        {"type": "fragment", "probability": 0.1, "direction": "both"},
        {"type": "latency", "latency": "5ms", "jitter": "5ms", "direction": "both"},
    ]

    async def history(seed: int) -> list[list[tuple[object, ...]]]:
        async with faulty_proxy(seed) as proxied:
            proxied.faults.populate(scenario)
            async with proxied.connect(compression="deflate") as socket:
                for number in range(1000):
                    await socket.send(b"binary %d" % number if number % 2 else f"text {number}")
                with contextlib.suppress(TimeoutError):
                    while True:
                        await asyncio.wait_for(socket.recv(), 1.0)
            await proxied.ended()
            records = await proxied.records()
            return [
                [
                    (record.name, record.message, record.detail, record.before, record.after)
                    for record in records
                    if record.direction is direction
                ]
                for direction in Direction
            ]

    first, again, other = await history(7), await history(7), await history(8)
    assert all(len(records) > 1000 for records in first)
    assert again == first
    assert other != first
