"""A chat room. Who says something twice with one id has said it once."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web


class Room:
    """Everybody hears everything."""

    def __init__(self) -> None:
        self._sockets: set[web.WebSocketResponse] = set()
        self._said: set[tuple[str, int]] = set()

    async def enter(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one visitor; the name is in the query."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for message in socket:
                await self._hear(request.query["name"], socket, json.loads(message.data))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _hear(
        self, name: str, socket: web.WebSocketResponse, message: dict[str, Any]
    ) -> None:
        said = (name, message["id"])
        if said not in self._said:
            self._said.add(said)
            told = {"number": len(self._said), "from": name, "text": message["text"]}
            for other in list(self._sockets):
                await other.send_json(told)
        await socket.send_json({"ack": message["id"]})


def application() -> web.Application:
    """The server, with its room at /chat."""
    app = web.Application()
    app.router.add_get("/chat", Room().enter)
    return app
