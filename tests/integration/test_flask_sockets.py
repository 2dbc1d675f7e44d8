"""Every client with Flask-Sockets, which runs in an environment of its own.

It does not compress: an offer of permessage-deflate goes unanswered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.conversation import (
    CLIENT_CLOSES,
    SERVER_CLOSES,
    SERVER_HANGS_UP,
    SUBPROTOCOL,
    conversation,
    large_binary,
)
from tests.support.peers import flask_sockets
from tests.support.peers.base import Client, Server
from tests.support.peers.clients import CLIENTS
from tests.support.peers.dialogue import Dialogue
from tests.support.peers.flask_sockets import FlaskSocketsServer

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return flask_sockets.environment()
    except flask_sockets.NoPackageIndexError as error:
        pytest.skip(f"no environment for Flask-Sockets: {error}")


@pytest.fixture
async def server(python: Path) -> AsyncIterator[Server]:
    server = FlaskSocketsServer(python)
    await server.start()
    yield server
    await server.stop()


@each_client
async def test_client_says_everything_and_closes(
    client: type[Client], server: Server, tmp_path: Path
) -> None:
    exchanges = conversation(
        in_pieces=client.fragments,
        ping_between_pieces=True,
        large_messages=[large_binary()],
    )
    dialogue = Dialogue(exchanges, CLIENT_CLOSES, compress=client.compresses)
    transcript, recorded = await dialogue.twice(client, server, tmp_path / "c.wsproxy")
    assert transcript.client.subprotocol == SUBPROTOCOL
    assert transcript.client.header("sec-websocket-extensions") is None
    assert not recorded.has_compressed
    # gevent-websocket answers without a code, in Python's own notation: b"bytearray(b'ich ...')".
    by = int.from_bytes(b"by", "big")
    assert recorded.violations == [f"close code {by} must not be sent"]


@each_client
async def test_server_closes(client: type[Client], server: Server, tmp_path: Path) -> None:
    dialogue = Dialogue(conversation(), SERVER_CLOSES, compress=client.compresses)
    _, recorded = await dialogue.twice(client, server, tmp_path / "c.wsproxy")
    assert recorded.violations == []


@each_client
async def test_server_hangs_up(client: type[Client], server: Server, tmp_path: Path) -> None:
    dialogue = Dialogue(conversation(), SERVER_HANGS_UP, compress=client.compresses)
    _, recorded = await dialogue.twice(client, server, tmp_path / "c.wsproxy")
    assert recorded.violations == []
