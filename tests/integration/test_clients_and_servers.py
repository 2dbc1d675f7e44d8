"""Every client with every server: what is said through the proxy arrives as it does directly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.conversation import (
    CLIENT_CLOSES,
    SERVER_CLOSES,
    SUBPROTOCOL,
    conversation,
    large_binary,
    large_text,
)
from tests.support.peers.aiohttp_server import AiohttpServer
from tests.support.peers.base import Client, Server
from tests.support.peers.clients import CLIENTS
from tests.support.peers.dialogue import Dialogue, Transcript
from tests.support.peers.tornado_server import TornadoServer
from tests.support.peers.websockets_server import WebsocketsServer

SERVERS: list[type[Server]] = [WebsocketsServer, TornadoServer, AiohttpServer]


class Pair(NamedTuple):
    """A client and a server; `compress` if the client offers permessage-deflate."""

    client: type[Client]
    server: type[Server]
    compress: bool

    def __str__(self) -> str:
        return f"{self.client.name}-{self.server.name}-{'deflate' if self.compress else 'plain'}"

    def check_agreed(self, transcript: Transcript) -> None:
        """Assert that the handshake ended as this pair's has to."""
        assert transcript.client.subprotocol == SUBPROTOCOL
        extensions = transcript.client.header("sec-websocket-extensions") or ""
        assert extensions.startswith("permessage-deflate") == self.compress


each_pair = pytest.mark.parametrize(
    "pair",
    [
        Pair(client, server, compress)
        for client in CLIENTS
        for server in SERVERS
        for compress in ((False, True) if client.compresses else (False,))
    ],
    ids=str,
)


@pytest.fixture
async def server(pair: Pair) -> AsyncIterator[Server]:
    server = pair.server()
    await server.start()
    yield server
    await server.stop()


@each_pair
async def test_client_says_everything_and_closes(
    pair: Pair, server: Server, tmp_path: Path
) -> None:
    exchanges = conversation(
        in_pieces=pair.client.fragments,
        # Tornado takes a ping inside a compressed message for the news that it is not compressed.
        ping_between_pieces=not (pair.compress and pair.server is TornadoServer),
        large_messages=[large_text() if pair.compress else large_binary()],
    )
    dialogue = Dialogue(exchanges, CLIENT_CLOSES, compress=pair.compress)
    transcript, recorded = await dialogue.twice(pair.client, server, tmp_path / "c.wsproxy")
    pair.check_agreed(transcript)
    assert recorded.has_compressed == pair.compress
    assert recorded.violations == []


@each_pair
async def test_server_closes(pair: Pair, server: Server, tmp_path: Path) -> None:
    dialogue = Dialogue(conversation(), SERVER_CLOSES, compress=pair.compress)
    transcript, recorded = await dialogue.twice(pair.client, server, tmp_path / "c.wsproxy")
    pair.check_agreed(transcript)
    assert recorded.violations == []
