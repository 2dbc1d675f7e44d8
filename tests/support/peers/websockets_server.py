"""websockets as a server."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event as ProtocolEvent
from websockets.typing import Subprotocol

from tests.support.conversation import (
    SUBPROTOCOL,
    Close,
    Event,
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
from tests.support.peers.base import Server


class _Connection(ServerConnection):
    """Pings and pongs are no business of the application in websockets: heard of here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.events: list[Event] = []

    def process_event(self, event: ProtocolEvent) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.events.append(pinged(bytes(event.data)))
        if isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self.events.append(ponged(bytes(event.data)))


class WebsocketsServer(Server):
    name = "websockets"

    async def start(self) -> None:
        self._server = await serve(
            self._converse,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            max_size=None,
            ping_interval=None,  # only the conversation's own pings are to be heard
            create_connection=_Connection,
        )
        (socket,) = self._server.sockets
        self.url = f"ws://127.0.0.1:{socket.getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _converse(self, ws: ServerConnection) -> None:
        assert isinstance(ws, _Connection)
        assert ws.request is not None
        heard = Heard.handshake(ws.request.headers.raw_items(), ws.subprotocol, ws.request.path)
        heard.events = ws.events
        try:
            while True:
                message = await ws.recv()
                ws.events.append(said(message))
                await _answer(ws, message)
        except ConnectionClosed:
            ws.events.append(closed(ws.close_code, ws.close_reason))
        self.ended.put_nowait(heard)


async def _answer(ws: ServerConnection, message: Message) -> None:
    match answer(message):
        case Say(echo):
            await ws.send(echo)
        case SayInPieces(pieces):
            await ws.send(pieces)
        case Ping(payload):
            await (await ws.ping(payload))
            await ws.send(answer_to_pong(payload))
        case Close(int() as code, reason):
            await ws.close(code, reason)
