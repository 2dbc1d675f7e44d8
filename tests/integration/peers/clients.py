"""Every client there is an adapter for."""

from __future__ import annotations

from tests.integration.peers.aiohttp_client import AiohttpClient
from tests.integration.peers.base import Client
from tests.integration.peers.tornado_client import TornadoClient
from tests.integration.peers.websocket_client import WebsocketClientClient
from tests.integration.peers.websockets_client import WebsocketsClient

CLIENTS: list[type[Client]] = [
    WebsocketClientClient,
    WebsocketsClient,
    TornadoClient,
    AiohttpClient,
]
