"""autobahn in JavaScript by three serializers, before a small router: no router is at hand here."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import cbor2
import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.integration.decoders.conftest import Speak, Start, lines

SERIALIZERS = {
    "json": (json.dumps, json.loads),
    "msgpack": (msgpack.packb, msgpack.unpackb),
    "cbor": (cbor2.dumps, cbor2.loads),
}


class Router:
    """As much of WAMP's basic profile as the client needs; one procedure, one topic a name."""

    def __init__(self) -> None:
        self._ids = itertools.count(1000)
        self._callees: dict[str, tuple[ServerConnection, int]] = {}
        self._topics: dict[str, list[tuple[ServerConnection, int]]] = {}
        self._calls: dict[int, tuple[ServerConnection, int]] = {}

    async def serve(self, socket: ServerConnection) -> None:
        encode, decode = SERIALIZERS[(socket.subprotocol or "wamp.2.json").split(".")[2]]

        async def send(to: ServerConnection, *message: Any) -> None:
            await to.send(encode(list(message)))

        async for data in socket:
            message = decode(data)
            kind, number = message[0], message[1]
            if kind == 1:
                roles: Any = {"roles": {"broker": {}, "dealer": {}}}
                await send(socket, 2, next(self._ids), roles)
            elif kind == 6:
                await send(socket, 6, {}, "wamp.close.goodbye_and_out")
            elif kind == 64:
                registration = next(self._ids)
                self._callees[message[3]] = (socket, registration)
                await send(socket, 65, number, registration)
            elif kind == 32:
                subscription = next(self._ids)
                self._topics.setdefault(message[3], []).append((socket, subscription))
                await send(socket, 33, number, subscription)
            elif kind == 16:
                publication = next(self._ids)
                for to, subscription in self._topics.get(message[3], []):
                    await send(to, 36, subscription, publication, {}, *message[4:])
                if message[2].get("acknowledge"):
                    await send(socket, 17, number, publication)
            elif kind == 48 and message[3] not in self._callees:
                await send(socket, 8, 48, number, {}, "wamp.error.no_such_procedure")
            elif kind == 48:
                to, registration = self._callees[message[3]]
                invocation = next(self._ids)
                self._calls[invocation] = (socket, number)
                await send(to, 68, invocation, registration, {}, *message[4:])
            elif kind == 70:
                to, call = self._calls.pop(number)
                await send(to, 50, call, {}, *message[3:])


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    names = [Subprotocol(f"wamp.2.{name}") for name in SERIALIZERS]
    async with serve(Router().serve, "127.0.0.1", 0, subprotocols=names) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@pytest.mark.parametrize("name", SERIALIZERS)
async def test_what_clients_and_router_say(
    upstream: str, through: Start, speak: Speak, name: str
) -> None:
    proxy = through(upstream)
    heard = await speak("wamp", proxy.url, name)
    assert heard == {
        "sum": 3,
        "error": "wamp.error.no_such_procedure",
        "told": ["hi", 7],
    }

    assert {one.subprotocol for one in proxy.connections} == {f"wamp.2.{name}"}
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert up[0].startswith("HELLO realm1")
    assert down[0].startswith("WELCOME session=")
    for start, end in (
        ("REGISTER com.app.add #", ""),
        ("SUBSCRIBE com.app.topic #", ""),
        ("CALL com.app.add #", " [1,2]"),
        ("PUBLISH com.app.topic #", ' ["hi",7]'),
    ):
        assert any(line.startswith(start) and line.endswith(end) for line in up), start
    assert any(line.startswith("YIELD #") and line.endswith("[3]") for line in up)
    assert any(
        line.startswith("INVOCATION com.app.add") and line.endswith("[1,2]") for line in down
    )
    assert any(line.startswith("RESULT #") and line.endswith("[3]") for line in down)
    assert any(line.startswith("ERROR wamp.error.no_such_procedure") for line in down)
    assert any(line == 'EVENT com.app.topic ["hi",7]' for line in down)
    answers = proxy.messages.where("~kind '^(RESULT|YIELD|REGISTERED|SUBSCRIBED)$'")
    assert len(answers) == 4
    assert all(answer.latency is not None for answer in answers)
