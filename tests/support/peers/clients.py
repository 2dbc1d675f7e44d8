"""Every client there is an adapter for."""

from __future__ import annotations

from tests.support.peers.aiohttp_client import AiohttpClient
from tests.support.peers.base import Client
from tests.support.peers.tornado_client import TornadoClient
from tests.support.peers.websocket_client import WebsocketClientClient
from tests.support.peers.websockets_client import WebsocketsClient

CLIENTS: list[type[Client]] = [
    WebsocketClientClient,
    WebsocketsClient,
    TornadoClient,
    AiohttpClient,
]
