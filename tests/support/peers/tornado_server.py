"""Tornado as a server."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tests.support.conversation import (
    LARGE,
    SUBPROTOCOL,
    Close,
    Heard,
    Message,
    Ping,
    Say,
    SayInPieces,
    answer,
    answer_to_pong,
    closed,
    pinged,
    ponged,
    said,
)
from tests.support.peers import raw
from tests.support.peers.base import Server


class _Handler(WebSocketHandler):
    def initialize(self, ended: asyncio.Queue[Heard]) -> None:
        self._ended = ended

    def check_origin(self, origin: str) -> bool:
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def open(self, *args: str, **kwargs: str) -> None:
        request = self.request
        assert request.uri is not None
        self._heard = Heard.handshake(
            request.headers.get_all(), self.selected_subprotocol, request.uri
        )

    async def on_message(self, message: Message) -> None:
        self._heard.events.append(said(message))
        match answer(message):
            case Say(echo):
                await self.write_message(echo, binary=isinstance(echo, bytes))
            case SayInPieces() as step:
                assert self.ws_connection is not None
                assert self.ws_connection.stream is not None
                await self.ws_connection.stream.write(raw.wire(step, mask=False))
            case Ping(payload):
                self.ping(payload)
            case Close(int() as code, reason):
                self.close(code, reason)

    def on_ping(self, data: bytes) -> None:
        self._heard.events.append(pinged(data))

    def on_pong(self, data: bytes) -> None:
        self._heard.events.append(ponged(data))
        self.write_message(answer_to_pong(data))

    def on_close(self) -> None:
        self._heard.events.append(closed(self.close_code, self.close_reason))
        self._ended.put_nowait(self._heard)


class TornadoServer(Server):
    name = "tornado"

    async def start(self) -> None:
        application = Application(
            [("/chat", _Handler, {"ended": self.ended})], websocket_max_message_size=2 * LARGE
        )
        self._server = HTTPServer(application)
        (socket,) = bind_sockets(0, "127.0.0.1")
        self._server.add_socket(socket)
        self.url = f"ws://127.0.0.1:{socket.getsockname()[1]}"

    async def stop(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()
