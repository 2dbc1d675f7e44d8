"""aiohttp as a server."""

from __future__ import annotations

from aiohttp import WSMsgType, web

from tests.support.conversation import (
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


class AiohttpServer(Server):
    name = "aiohttp"

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/chat", self._converse)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _converse(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            autoping=False,  # or it would keep pings and pongs to itself
            max_msg_size=0,
        )
        await ws.prepare(request)
        heard = Heard.handshake(request.headers.items(), ws.ws_protocol, request.raw_path)
        while not ws.closed:
            message = await ws.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    heard.events.append(said(message.data))
                    await _answer(ws, request, message.data)
                case WSMsgType.PING:
                    heard.events.append(pinged(message.data))
                    await ws.pong(message.data)
                case WSMsgType.PONG:
                    heard.events.append(ponged(message.data))
                    await ws.send_str(answer_to_pong(message.data))
                case WSMsgType.CLOSE:
                    heard.events.append(closed(message.data, message.extra))
        if not heard.events or heard.events[-1].kind != "close":
            heard.events.append(closed(ws.close_code, None))
        self.ended.put_nowait(heard)
        return ws


async def _answer(ws: web.WebSocketResponse, request: web.Request, message: Message) -> None:
    match answer(message):
        case Say(str() as echo):
            await ws.send_str(echo)
        case Say(bytes() as echo):
            await ws.send_bytes(echo)
        case SayInPieces() as step:
            assert request.transport is not None
            request.transport.write(raw.wire(step, mask=False))
        case Ping(payload):
            await ws.ping(payload)
        case Close(int() as code, reason):
            await ws.close(code=code, message=reason.encode())
