"""Exports over the API: every form as `wsproxy export` writes it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.rig import Rig, running
from wsproxy.web import beside


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        async with rig.client() as client:
            await client.send("hello")
            await client.recv()
        await rig.rows(2)
        yield rig


BEGINS = {
    "jsonl": b'{"event":"connection"',
    "pcapng": b"\n\r\r\n",
    "har": b'{"log": {',
    "flows": b"",
    "python": b"#!/usr/bin/env python3",
    "websocat": b"#!/bin/sh",
    "zip": b"PK",
}


async def test_every_form_can_be_had(rig: Rig) -> None:
    listed = (await rig.get("/export/formats"))["formats"]
    assert [form["name"] for form in listed] == [*BEGINS]
    for form in listed:
        url = f"{rig.api}/export?format={form['name']}"
        async with rig.session.get(url) as response:
            assert response.status == 200
            assert response.content_type == form["content_type"]
            disposition = response.headers["Content-Disposition"]
            assert disposition == f'attachment; filename="wsproxy.{form["suffix"]}"'
            data = await response.read()
            assert data.startswith(BEGINS[form["name"]])
            assert data


async def test_a_part_can_be_had(rig: Rig) -> None:
    url = f"{rig.api}/export?format=jsonl&connection=1&filter=~down%20~text"
    async with rig.session.get(url) as response:
        lines = (await response.text()).splitlines()
    assert ['"direction":"downstream"' in line for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("format=doc", 400, "format must be one of jsonl, pcapng, "),
        ("format=har&filter=~nope", 400, "nope"),
        ("format=har&ids=1", 400, "ids and format do not go together"),
        ("format=har&connection=77", 400, "no connection 77"),
    ],
)
async def test_what_is_wrong_is_said(rig: Rig, query: str, status: int, says: str) -> None:
    found, answer = await rig.call("GET", f"/export?{query}")
    assert found == status
    assert says in answer["error"]["message"]


async def test_what_fails_in_the_middle_is_not_taken_for_whole(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = beside.Export.read
    pieces = 0

    async def fails_later(self: beside.Export) -> bytes:
        nonlocal pieces
        pieces += 1
        if pieces > 1:
            self._process.kill()
        return await read(self)

    monkeypatch.setattr(beside, "PIECE", 10)
    monkeypatch.setattr(beside.Export, "read", fails_later)
    with pytest.raises(aiohttp.ClientError):
        async with rig.session.get(f"{rig.api}/export?format=jsonl") as response:
            await response.read()
