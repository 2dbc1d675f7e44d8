"""Scripts of a client's part: run, and compared with what the client had sent."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, conversation
from wsproxy.formats import python, websocat
from wsproxy.formats.interfaces import Imported

FAKE = Path(__file__).parents[2] / "support" / "fake_websocat.py"


def talk() -> list[Imported]:
    first = conversation(1, deflate=True)
    first.request_headers += [
        ("Authorization", "***"),
        ("X-Who", 'it\'s "me" $HOME'),
        ("Sec-WebSocket-Protocol", "chat.v1, chat.v2"),
    ]
    peers = Peers(first)
    peers.say(UP, "hello 'you' $x\n`two` lines ä", after=0.01).say(DOWN, "answer", after=0.01)
    peers.say(UP, b"\x00\xff", cuts=[1], after=0.01).say(UP, b"there?", opcode=9, after=0.01)
    peers.say(UP, "changed on its way", after=0.01).change_last(b"other")
    peers.say(UP, "of the proxy", after=0.01).change_last(None, "injected")
    peers.say(UP, b"\x0f\xa1bye", opcode=8, after=0.01)
    second = Peers(conversation(2, opened=1000.05, target="/second")).say(UP, "x\0y", after=0.01)
    return [*peers.items, *second.items]


Heard = dict[str, list[object]]


async def run(script: str, *command: str, closes: bool, environment: dict[str, str]) -> Heard:
    """Run a script against a server; what the server heard, by path."""
    heard: Heard = {}

    async def answer(socket: ServerConnection) -> None:
        assert socket.request is not None
        mine = heard.setdefault(socket.request.path, [])
        mine.append(socket.request.headers.get("X-Who"))
        assert "Authorization" not in socket.request.headers
        try:
            async for message in socket:
                mine.append(message)
                with contextlib.suppress(ConnectionClosed):
                    await socket.send("answer")
        except ConnectionClosed:
            pass
        if closes:
            mine.append((socket.close_code, socket.close_reason))

    async with serve(
        answer, "127.0.0.1", 0,
        select_subprotocol=lambda _, offered: Subprotocol(offered[1]) if offered else None,
    ) as server:  # fmt: skip
        port = next(iter(server.sockets)).getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *command, script, f"ws://127.0.0.1:{port}/",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
        )  # fmt: skip
        out, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, out + errors
    return heard


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    def make(module: object) -> str:
        out = io.BytesIO()
        module.write(MemoryCapture(talk()), out)  # type: ignore[attr-defined]
        path = tmp_path / "script"
        path.write_bytes(out.getvalue())
        return str(path)

    return make


async def test_the_python_script_does_what_the_client_did(script: Callable[..., str]) -> None:
    heard = await run(script(python), sys.executable, closes=True, environment={})
    assert heard == {
        "/chat?x=1": [
            'it\'s "me" $HOME',
            "hello 'you' $x\n`two` lines ä",
            b"\x00\xff",
            "changed on its way",
            (4001, "bye"),
        ],
        "/second": [None, "x\0y", (1000, "")],
    }


async def test_the_shell_script_does_what_the_client_did(
    script: Callable[..., str], tmp_path: Path
) -> None:
    environment = {}
    if shutil.which("websocat") is None:  # then one that understands the options used here
        program = tmp_path / "websocat"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
        program.chmod(0o755)
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    heard = await run(script(websocat), "sh", closes=False, environment=environment)
    assert heard == {
        "/chat?x=1": [
            'it\'s "me" $HOME',
            "hello 'you' $x\n`two` lines ä",
            b"\x00\xff",
            "changed on its way",
        ],
        "/second": [None, b"x\0y"],  # no text with a NUL byte goes that way
    }


def test_a_script_has_no_more_than_is_selected() -> None:
    out = io.BytesIO()
    python.write(MemoryCapture(Peers(conversation(1)).say(DOWN, "x").items), out)
    assert b"'send'" not in out.getvalue()
