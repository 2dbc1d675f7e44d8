"""aiohttp as a client. It has no way to send a message in pieces."""

from __future__ import annotations

from types import SimpleNamespace

from aiohttp import ClientSession, TraceConfig, TraceRequestEndParams, WSMsgType

from tests.support.conversation import (
    ORIGIN,
    SUBPROTOCOLS,
    Event,
    Heard,
    Message,
    closed,
    pinged,
    ponged,
    said,
)
from tests.support.peers.base import Client


class AiohttpClient(Client):
    name = "aiohttp"
    fragments = False

    async def connect(self, url: str, *, compress: bool) -> Heard:
        headers: list[tuple[str, str]] = []

        async def answered(
            session: ClientSession, context: SimpleNamespace, end: TraceRequestEndParams
        ) -> None:
            headers.extend(end.response.headers.items())

        trace = TraceConfig()
        trace.on_request_end.append(answered)
        self._session = ClientSession(trace_configs=[trace])
        self._ws = await self._session.ws_connect(
            url,
            origin=ORIGIN,
            protocols=SUBPROTOCOLS,
            compress=15 if compress else 0,
            autoping=False,  # or it would keep pings and pongs to itself
            max_msg_size=0,
        )
        return Heard.handshake(headers, self._ws.protocol)

    async def say(self, message: Message) -> None:
        if isinstance(message, str):
            await self._ws.send_str(message)
        else:
            await self._ws.send_bytes(message)

    async def ping(self, payload: bytes) -> None:
        await self._ws.ping(payload)

    async def receive(self) -> Event:
        message = await self._ws.receive()
        match message.type:
            case WSMsgType.TEXT | WSMsgType.BINARY:
                return said(message.data)
            case WSMsgType.PING:
                await self._ws.pong(message.data)
                return pinged(message.data)
            case WSMsgType.PONG:
                return ponged(message.data)
            case WSMsgType.CLOSE:
                return closed(message.data, message.extra)
            case _:
                return Event(message.type.name, repr(message.data), self._ws.close_code)

    async def close(self, code: int, reason: str) -> Event:
        await self._ws.close(code=code, message=reason.encode())
        return closed(self._ws.close_code, None)

    async def disconnect(self) -> None:
        await self._ws.close()
        await self._session.close()
