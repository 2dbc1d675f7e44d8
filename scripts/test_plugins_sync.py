"""A test of another project: scripts/test-plugins runs it beside a plugin of pytest's."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from websockets.sync.client import connect
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


@pytest.mark.parametrize("text", ["one", "two", "three", "four"])
def test_an_echo(wsproxy_sync: Any, upstream: str, text: str) -> None:
    proxy = wsproxy_sync(upstream)
    with connect(proxy.url) as socket:
        socket.send(text)
        assert socket.recv() == text
    assert proxy.wait_for("~down & ~text").text == text
