"""websocket-client, which blocks: each call runs in a thread."""

from __future__ import annotations

import asyncio

import websocket

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
from tests.support.peers.base import PATIENCE, Client


class WebsocketClientClient(Client):
    name = "websocket-client"
    compresses = False

    async def connect(self, url: str, *, compress: bool) -> Heard:
        self._ws = websocket.WebSocket()
        await asyncio.to_thread(
            self._ws.connect, url, timeout=PATIENCE, subprotocols=SUBPROTOCOLS, origin=ORIGIN
        )
        headers = self._ws.getheaders()
        assert headers is not None
        return Heard.handshake(headers.items(), self._ws.getsubprotocol())

    async def say(self, message: Message) -> None:
        abnf = websocket.ABNF
        opcode = abnf.OPCODE_TEXT if isinstance(message, str) else abnf.OPCODE_BINARY
        await asyncio.to_thread(self._ws.send, message, opcode)

    async def say_in_pieces(self, step: SayInPieces) -> None:
        abnf = websocket.ABNF
        opcode = abnf.OPCODE_TEXT if isinstance(step.pieces[0], str) else abnf.OPCODE_BINARY
        last = len(step.pieces) - 1
        for index, piece in enumerate(step.encoded):
            frame = abnf.create_frame(piece, abnf.OPCODE_CONT if index else opcode, index == last)
            await asyncio.to_thread(self._ws.send_frame, frame)
            if step.ping is not None and not index:
                await self.ping(step.ping)

    async def ping(self, payload: bytes) -> None:
        await asyncio.to_thread(self._ws.ping, payload)

    async def receive(self) -> Event:
        try:
            opcode, data = await asyncio.to_thread(self._ws.recv_data, control_frame=True)
        except websocket.WebSocketException as error:
            return Event("error", repr(error))
        abnf = websocket.ABNF
        if opcode == abnf.OPCODE_CLOSE:
            return _closed(data)
        if opcode == abnf.OPCODE_PING:
            return pinged(data)
        if opcode == abnf.OPCODE_PONG:
            return ponged(data)
        return said(data.decode() if opcode == abnf.OPCODE_TEXT else data)

    async def close(self, code: int, reason: str) -> Event:
        await asyncio.to_thread(self._ws.close, code, reason, PATIENCE)
        frame = self._ws.close_frame
        # None also where the answer was not what it has to be.
        return closed(None, None) if frame is None else _closed(frame.data)

    async def disconnect(self) -> None:
        self._ws.shutdown()  # type: ignore[no-untyped-call]


def _closed(payload: str | bytes) -> Event:
    assert isinstance(payload, bytes)
    code = int.from_bytes(payload[:2], "big") if payload else None
    return closed(code, payload[2:].decode())
