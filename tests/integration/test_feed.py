"""The live feed: what pages are told, and that a slow one slows nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from tests.support.rig import Rig, running
from wsproxy.web import feed as feed_module


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def _heard(
    socket: ClientWebSocketResponse, until: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not until(heard):
            heard.append(await socket.receive_json())
    return heard


def _rows(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for batch in heard for row in batch.get("frames", {}).get("rows", [])]


def _skipped(heard: list[dict[str, Any]]) -> int:
    return sum(batch.get("frames", {}).get("skipped", 0) for batch in heard)


async def test_rows_and_connections_come_as_they_pass(rig: Rig) -> None:
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        await socket.send_json({"connection": None, "tag": "a"})
        assert (await socket.receive_json())["tag"] == "a"
        async with rig.client() as client:
            await client.send("hello")
            await client.recv()
        heard = await _heard(socket, lambda heard: len(_rows(heard)) >= 4)
        assert [row["preview"] for row in _rows(heard)][:2] == ["hello", "hello"]
        ids = [row["id"] for row in _rows(heard)]
        assert ids == sorted(ids)
        states = [c["state"] for batch in heard for c in batch["connections"]]
        assert states[-1] in ("open", "closed")


async def test_only_what_the_view_shows(rig: Rig) -> None:
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        await socket.send_json({"filter": "~down & ~b 7", "control": False})
        await socket.receive_json()
        async with rig.client() as client:
            for number in range(10):
                await client.send(str(number))
                await client.recv()
            heard = await _heard(socket, lambda heard: bool(_rows(heard)))
    assert [(row["direction"], row["preview"]) for row in _rows(heard)] == [("downstream", "7")]


async def test_a_wrong_subscription_is_told(rig: Rig) -> None:
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        for text in ('{"filter": "~nothing"}', "[]", "x", '{"connection": "y"}'):
            await socket.send_str(text)
            assert (await socket.receive_json())["type"] == "error"


async def test_a_burst_is_counted_and_can_be_fetched(rig: Rig) -> None:
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        await socket.send_json({})
        await socket.receive_json()
        async with rig.client() as client:
            for number in range(2000):
                await client.send(str(number))
            for _ in range(2000):
                await client.recv()
            heard = await _heard(socket, lambda heard: len(_rows(heard)) + _skipped(heard) >= 4000)
            assert len(_rows(heard)) + _skipped(heard) == 4000
            assert _skipped(heard) > 0
            assert (await rig.rows(4000, offset=0))[0]["preview"] == "0"
            # No gap between the batches: each goes on where the last one ended.
            spans = [(b["frames"]["from"], b["frames"]["to"]) for b in heard if "frames" in b]
            assert all(a[1] + 1 == b[0] for a, b in pairwise(spans))


async def test_a_page_that_reads_nothing_is_told_that_it_fell_behind(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "TICK_SECONDS", 0.002)
    monkeypatch.setattr(feed_module, "MAX_WAITING", 3)
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        await socket.send_json({})
        await socket.receive_json()
        assert rig.proxy._web is not None
        (subscriber,) = rig.proxy._web._feed._subscribers
        for _ in range(10):  # within one turn of the loop nothing can be sent
            subscriber.push('{"type": "batch"}')
        kinds = [(await socket.receive_json())["type"] for _ in range(2)]
        assert kinds == ["behind", "batch"]
        async with rig.client() as client:
            await client.send("the relay does not wait")
            assert await client.recv() == "the relay does not wait"


async def test_breakpoints_are_told(rig: Rig) -> None:
    async with rig.session.ws_connect(f"{rig.api}/feed") as socket:
        await rig.call("POST", "/breakpoints", {"filter": "~b stop"})
        async with rig.client() as client:
            await client.send("stop here")
            heard = await _heard(
                socket, lambda heard: any(b.get("breakpoints", {}).get("held") for b in heard)
            )
            held = heard[-1]["breakpoints"]["held"][0]
            await rig.call("POST", f"/held/{held['id']}/forward", {"text": "on"})
            heard = await _heard(socket, lambda heard: any(b.get("updates") for b in heard))
            assert heard[-1]["updates"][0]["verdict"] == "changed"
