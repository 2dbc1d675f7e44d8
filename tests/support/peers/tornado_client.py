"""Tornado as a client."""

from __future__ import annotations

import asyncio

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.support.conversation import (
    ORIGIN,
    SUBPROTOCOLS,
    Event,
    Heard,
    Message,
    SayInPieces,
    closed,
    pinged,
    ponged,
    said,
)
from tests.support.peers import raw
from tests.support.peers.base import Client


class TornadoClient(Client):
    name = "tornado"

    async def connect(self, url: str, *, compress: bool) -> Heard:
        self._heard: asyncio.Queue[Event] = asyncio.Queue()
        self._ended = False
        ws = await websocket_connect(
            HTTPRequest(url, headers={"Origin": ORIGIN}),
            subprotocols=SUBPROTOCOLS,
            compression_options={} if compress else None,
            on_message_callback=self._on_message,
        )
        # websocket_connect makes the connection, so a subclass has no way in.
        ws.on_ping = self._on_ping  # type: ignore[method-assign]
        ws.on_pong = self._on_pong  # type: ignore[method-assign]
        self._ws: WebSocketClientConnection = ws
        assert ws.headers is not None
        return Heard.handshake(ws.headers.get_all(), ws.selected_subprotocol)

    async def say(self, message: Message) -> None:
        await self._ws.write_message(message, binary=isinstance(message, bytes))

    async def say_in_pieces(self, step: SayInPieces) -> None:
        assert self._ws.protocol is not None
        assert self._ws.protocol.stream is not None
        await self._ws.protocol.stream.write(raw.wire(step, mask=True))

    async def ping(self, payload: bytes) -> None:
        self._ws.ping(payload)

    async def receive(self) -> Event:
        return await self._heard.get()

    async def close(self, code: int, reason: str) -> Event:
        self._ws.close(code, reason)
        return await self.receive()

    async def disconnect(self) -> None:
        self._ws.close()

    def _on_ping(self, data: bytes) -> None:
        self._heard.put_nowait(pinged(data))

    def _on_pong(self, data: bytes) -> None:
        self._heard.put_nowait(ponged(data))

    def _on_message(self, message: Message | None) -> None:
        if message is not None:
            self._heard.put_nowait(said(message))
        elif not self._ended:  # Tornado may say it twice
            self._ended = True
            self._heard.put_nowait(closed(self._ws.close_code, self._ws.close_reason))
