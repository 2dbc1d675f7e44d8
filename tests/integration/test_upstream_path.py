"""Which path the upstream is asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response

from tests.support.command import piped


async def _echo(socket: ServerConnection) -> None:
    await socket.send(socket.request.path if socket.request is not None else "")


def _only_ws(socket: ServerConnection, request: Request) -> Response | None:
    return None if request.path.split("?")[0] == "/ws" else socket.respond(404, "try /ws\n")


async def asked(url: str) -> str:
    async with connect(url, compression=None) as client:
        return str(await asyncio.wait_for(client.recv(), 10))


@pytest.fixture
async def port() -> Any:
    async with serve(_echo, "127.0.0.1", 0, process_request=_only_ws) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def test_no_path_means_exactly_the_url_that_was_given(port: int) -> None:
    with piped("run", f"ws://127.0.0.1:{port}/ws", "-p", "0", "--no-web") as proxy:
        url = await asyncio.to_thread(proxy.ready)
        assert await asked(url) == "/ws"
        assert await asked(f"{url}/") == "/ws"
        assert await asked(f"{url}?room=1") == "/ws?room=1"
        with pytest.raises(InvalidStatus) as refused:
            await asked(f"{url}/chat")
        assert refused.value.response.status_code == 404
        # Who is refused is told what was asked for.
        url = f"ws://127.0.0.1:{port}/ws/chat"
        await asyncio.to_thread(proxy.out.expect, rf"refused .*404 Not Found to {url}$")


async def test_a_slash_that_was_given_stays(port: int) -> None:
    with piped("run", f"ws://127.0.0.1:{port}/ws/", "-p", "0", "--no-web") as proxy:
        with pytest.raises(InvalidStatus):
            await asked(await asyncio.to_thread(proxy.ready))


async def test_so_does_the_pytest_fixture(port: int, wsproxy: Any) -> None:
    proxy = await wsproxy(f"ws://127.0.0.1:{port}/ws")
    assert await asked(proxy.url) == "/ws"
    assert proxy.connections[0].upstream_url == f"ws://127.0.0.1:{port}/ws"
