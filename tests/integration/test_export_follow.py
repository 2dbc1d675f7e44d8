"""`wsproxy export --follow` while a proxy records."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests.support.rig import running

EXPORT = [sys.executable, "-m", "wsproxy", "export"]


async def following(*arguments: object) -> Process:
    return await asyncio.create_subprocess_exec(
        *EXPORT, *map(str, arguments), "--follow", stdout=PIPE, stderr=PIPE
    )


def _unfinished(folder: Path) -> bytes:
    """What is written already: it has another name until it is whole."""
    return b"".join(path.read_bytes() for path in folder.glob(".out.pcapng.*"))


async def line(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    text = await asyncio.wait_for(process.stdout.readline(), 20)
    assert text, await process.communicate()
    found: dict[str, Any] = json.loads(text)
    return found


async def test_lines_come_while_the_proxy_records_and_end_with_it(tmp_path: Path) -> None:
    path = tmp_path / "c.wsproxy"
    async with running(capture=path) as rig:
        async with rig.client() as client:
            await client.send("before")
            await client.recv()
            await rig.rows(2)
            process = await following(path, "--format", "jsonl", "-o", "-")
            opened = await line(process)
            assert (opened["event"], opened["state"]) == ("connection", "open")
            assert [(await line(process))["text"] for _ in range(2)] == ["before", "before"]
            await client.send("meanwhile")
            assert [(await line(process))["text"] for _ in range(2)] == ["meanwhile", "meanwhile"]
        assert [(await line(process))["opcode"] for _ in range(2)] == ["close", "close"]
        assert (await line(process))["state"] == "closed"
    out, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (out, errors, process.returncode) == (b"", b"", 0)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
async def test_packets_of_a_follower_that_is_stopped_are_whole(tmp_path: Path) -> None:
    path, out = tmp_path / "c.wsproxy", tmp_path / "out.pcapng"
    async with running(capture=path) as rig:
        async with rig.client() as client:
            await client.send("one")
            await client.recv()
        async with rig.client() as client:
            await client.send("two")
            await client.recv()
            await rig.rows(6)
            process = await following(path, "--format", "pcapng", "-o", out)
            for _ in range(400):
                if b"two" in _unfinished(tmp_path):  # what came down is not masked
                    break
                await asyncio.sleep(0.05)
            assert b"two" in _unfinished(tmp_path)
            assert not os.path.lexists(out)  # noqa: ASYNC240 - a moment
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 20) == 0
    tshark = await asyncio.create_subprocess_exec(
        "tshark", "-n", "-r", out, "-Y", "websocket || tcp.flags.fin == 1", "-T", "fields",
        "-e", "tcp.stream", "-e", "tcp.flags.fin", "-e", "websocket.payload.text",
        stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    printed, _ = await tshark.communicate()
    rows = [row.split("\t") for row in printed.decode().splitlines()]
    assert [row[2] for row in rows if row[2] in ("one", "two")] == ["one", "one", "two", "two"]
    assert {row[0] for row in rows if row[1] in ("1", "True")} == {"0"}  # the other one is open


async def test_what_cannot_be_followed_is_said(tmp_path: Path) -> None:
    process = await following(tmp_path / "x", "--format", "har", "-o", "-")
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"har cannot be written piece by piece; jsonl, pcapng can" in errors
