"""websockets as a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event as ProtocolEvent
from websockets.typing import Origin, Subprotocol

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
from tests.support.peers.base import Client


class _Connection(ClientConnection):
    """Pings and pongs are no business of the application in websockets: heard of here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: asyncio.Queue[Event] = asyncio.Queue()

    def process_event(self, event: ProtocolEvent) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.heard.put_nowait(pinged(bytes(event.data)))
        if isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self.heard.put_nowait(ponged(bytes(event.data)))


class WebsocketsClient(Client):
    name = "websockets"

    async def connect(self, url: str, *, compress: bool) -> Heard:
        ws = await connect(
            url,
            origin=Origin(ORIGIN),
            subprotocols=[Subprotocol(name) for name in SUBPROTOCOLS],
            compression="deflate" if compress else None,
            max_size=None,
            ping_interval=None,  # only the conversation's own pings are to be heard
            create_connection=_Connection,
        )
        assert isinstance(ws, _Connection)
        assert ws.response is not None
        self._ws = ws
        self._reader = asyncio.create_task(self._read())
        return Heard.handshake(ws.response.headers.raw_items(), ws.subprotocol)

    async def say(self, message: Message) -> None:
        await self._ws.send(message)

    async def say_in_pieces(self, step: SayInPieces) -> None:
        await self._ws.send(self._pieces(step))

    async def _pieces(self, step: SayInPieces) -> AsyncIterator[Message]:
        first, *rest = step.pieces
        yield first
        if step.ping is not None:
            await self.ping(step.ping)
        for piece in rest:
            yield piece

    async def ping(self, payload: bytes) -> None:
        await self._ws.ping(payload)

    async def receive(self) -> Event:
        return await self._ws.heard.get()

    async def close(self, code: int, reason: str) -> Event:
        await self._ws.close(code, reason)
        return await self.receive()

    async def disconnect(self) -> None:
        await self._ws.close()
        await self._reader

    async def _read(self) -> None:
        try:
            while True:
                self._ws.heard.put_nowait(said(await self._ws.recv()))
        except ConnectionClosed:
            self._ws.heard.put_nowait(closed(self._ws.close_code, self._ws.close_reason))
