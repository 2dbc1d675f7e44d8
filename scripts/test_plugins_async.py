"""A test of another project: scripts/test-plugins runs it beside a plugin of pytest's."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.sync.server import ServerConnection, serve


@pytest.fixture
def upstream() -> Iterator[str]:
    def echo(socket: ServerConnection) -> None:
        for message in socket:
            socket.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_fault(wsproxy: Any, upstream: str) -> None:
    proxy = await wsproxy(upstream)
    async with connect(proxy.url) as socket:
        await socket.send("hello")
        assert (await proxy.wait_for("~down")).text == "hello"
        with proxy.fault("replace", pattern="one", replacement="two"):
            await socket.send("one")
            await socket.recv()
            assert await socket.recv() == "two"
