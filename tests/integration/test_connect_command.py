"""`wsproxy connect`, on pipes and on a terminal."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.support.command import environment, on_terminal, run

PROMPT = r"\x1b\[0m>"
"""As it is drawn, and drawn again below what is printed."""


async def _serve(socket: ServerConnection) -> None:
    assert socket.request is not None
    await socket.send(f"{socket.request.path} {socket.request.headers.get('X-Who')}")
    async for message in socket:
        await socket.send(message)
        if message == "bye":
            await socket.close(4001, "so long")


def _first(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next(iter(offered), None)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(_serve, "127.0.0.1", 0, select_subprotocol=_first) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def piped_in(text: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run, "connect", *arguments, "--wait", "0.5", input=text)


async def test_lines_are_messages_and_commands_are_frames(url: str) -> None:
    text = "hello\n/ping are you there\n/binary 00ff\n/fragment 3 abcdef\n/clos\n/close 1000 done\n"
    done = await piped_in(text, f"{url}/a?b=1", "-H", "X-Who: me", "-s", "chat", "--no-compress")
    assert done.returncode == 0
    lines = [line.split(" ", 2)[2] for line in done.stdout.splitlines()]
    assert lines[0].startswith("open ") and "/a?b=1" in lines[0] and "chat" in lines[0]
    for expected in (
        "<- TEXT fin len=9 /a?b=1 me",
        "<- TEXT fin len=5 hello",
        "<- PONG fin len=13 are you there",
        "<- BINARY fin len=2 <00ff>",
        "<- TEXT fin len=6 abcdef",
    ):
        assert expected in lines
    sent = [line.split()[1:3] for line in lines if line.startswith("->")]
    assert [first for first, _ in sent] == [
        *("TEXT", "PING", "BINARY", "TEXT", "CONT", "CONT", "CLOSE")
    ]
    assert lines[-1] == "closed by client 1000 normal done"
    assert done.stderr == (
        "wsproxy: /clos is not a command; did you mean close?; //clos sends the text /clos\n"
    )


async def test_answers_are_waited_for_where_the_input_ends(url: str) -> None:
    done = await piped_in("hello\n", url, "--log-format", "jsonl")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    heard = [each.get("text") for each in objects if each.get("direction") == "downstream"]
    assert heard[:2] == ["/ None", "hello"]
    assert (done.returncode, done.stderr) == (0, "")


async def test_a_close_that_is_no_good_end_is_exit_code_1(url: str) -> None:
    done = await piped_in("bye\n", url)
    assert "closed by server 4001 application so long" in done.stdout
    assert done.stderr == "wsproxy: the server has closed the connection: 4001\n"
    assert done.returncode == 1


async def test_no_server_is_exit_code_1(unused_tcp_port_factory: Callable[[], int]) -> None:
    done = await piped_in("x\n", f"ws://127.0.0.1:{unused_tcp_port_factory()}")
    assert done.returncode == 1
    assert "Connection refused" in done.stdout
    assert "there is no WebSocket" in done.stderr
    assert "Traceback" not in done.stderr


async def test_what_passes_can_be_recorded(url: str, tmp_path: Path) -> None:
    capture = tmp_path / "talk.wsproxy"
    await piped_in("hello\n", url, "--record", capture)
    shown = await asyncio.to_thread(run, "show", capture, "--filter", "~b hello")
    assert shown.stdout.count("hello") == 2


async def test_lines_are_edited_on_a_terminal(url: str) -> None:
    with on_terminal("connect", url, env=environment(PROMPT_TOOLKIT_NO_CPR="1")) as process:
        await asyncio.to_thread(process.out.expect, PROMPT)
        process.type("helloo\x7f\r")
        await asyncio.to_thread(process.out.expect, r"<- .*TEXT.*\(5\) hello$")
        await asyncio.to_thread(
            process.out.expect, PROMPT
        )  # between prompts keys are the terminal's
        process.type("\x1b[A\r")  # the line before, again
        await asyncio.to_thread(process.out.expect, r"<- .*TEXT.* hello$")
        await asyncio.to_thread(process.out.expect, PROMPT)
        process.type("\x04")  # the end of the input
        await asyncio.to_thread(process.out.expect, "closed by .*client.* 1000")
        await asyncio.to_thread(process.out.rest)
        assert await asyncio.to_thread(process.process.wait) == 0
