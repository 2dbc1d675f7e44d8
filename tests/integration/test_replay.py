"""Recordings of a real server, played again with either side absent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.app import Proxy
from wsproxy.captures.making import make_capture
from wsproxy.captures.opening import StoredCapture
from wsproxy.cli import demo_peers
from wsproxy.config import Settings
from wsproxy.errors import WsproxyError
from wsproxy.replay.client import How
from wsproxy.replay.compared import replay
from wsproxy.replay.diff import Comparison
from wsproxy.replay.said import Talk, talks_of
from wsproxy.replay.server import ReplayServer
from wsproxy.replay.volatile import Ignored
from wsproxy.testing.replaying import Served


class Login:
    """A server that gives out tokens, another one each time, and wants them back."""

    def __init__(self) -> None:
        self.count = 0
        self.price = 101.5

    async def handle(self, socket: ServerConnection) -> None:
        self.count += 1
        token = f"secret-{self.count}"
        async for text in socket:
            request = json.loads(text)
            answer = {"id": request["id"]}
            if request["op"] == "login":
                answer["token"] = token
            else:
                answer |= {"ok": request["token"] == token, "price": self.price}
            await socket.send(json.dumps(answer))


async def record(path: Path, upstream: str, talk: object) -> list[Talk]:
    proxy = Proxy(Settings(upstream_url=upstream, listen_port=0, capture=path, no_web=True))
    await proxy.start()
    try:
        await talk(proxy.url)  # type: ignore[operator]
    finally:
        await proxy.stop()
    capture = StoredCapture(path)
    try:
        return [*talks_of(capture)]
    finally:
        capture.close()


async def login_and_ask(url: str) -> None:
    async with connect(f"{url}/api") as socket:
        await socket.send(json.dumps({"op": "login", "id": 1}))
        token = json.loads(await socket.recv())["token"]
        await socket.send(json.dumps({"op": "price", "id": 2, "token": token}))
        await socket.recv()


@pytest.fixture
async def login() -> AsyncIterator[tuple[Login, str]]:
    app = Login()
    async with serve(app.handle, "127.0.0.1", 0) as server:
        yield app, f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def test_the_demo_against_the_same_server_is_the_same(tmp_path: Path) -> None:
    server, port = await demo_peers.start_upstream()
    url = f"ws://127.0.0.1:{port}"
    talks = await record(tmp_path / "c.wsproxy", url, demo_peers.conversation)
    result = await replay(talks, How(url, None), Ignored())
    server.close()
    assert result.same, result.differences
    assert (result.connections, result.matched) == (2, 9)


async def test_values_are_carried_and_a_changed_server_shows_exactly_its_change(
    tmp_path: Path, login: tuple[Login, str]
) -> None:
    app, url = login
    talks = await record(tmp_path / "c.wsproxy", url, login_and_ask)
    without = await replay(talks, How(url, None), Ignored())
    assert [str(c) for d in without.differences for c in d.changes] == ["$.ok true -> false"]
    assert (await replay(talks, How(url, None, carry=["$.token"]), Ignored())).same
    app.price = 99
    changed = await replay(talks, How(url, None, carry=["$.token"]), Ignored())
    assert [str(c) for d in changed.differences for c in d.changes] == ["$.price 101.5 -> 99"]


async def test_a_client_that_has_lost_its_server_gets_its_answers(
    tmp_path: Path, login: tuple[Login, str]
) -> None:
    _, url = login
    talks = await record(tmp_path / "c.wsproxy", url, login_and_ask)
    server = ReplayServer(talks, speed=None)
    port = await server.start("127.0.0.1", 0)
    async with connect(f"ws://127.0.0.1:{port}/api") as socket:
        await socket.send(json.dumps({"op": "price", "id": "mine", "token": "other"}))
        assert json.loads(await socket.recv()) == {"id": "mine", "ok": True, "price": 101.5}
        await socket.send(json.dumps({"op": "login", "id": 7}))
        assert json.loads(await socket.recv()) == {"id": 7, "token": "secret-1"}
        await socket.send("what?")
        await socket.send(json.dumps({"op": "login", "id": 8}))  # used up
    await server.stop()
    assert server.unmatched == [
        "/api: nothing recorded is like what?",
        '/api: nothing recorded is like {"op": "login", "id": 8}',
    ]


async def test_loop_begins_again_and_strict_wants_the_same(
    tmp_path: Path, login: tuple[Login, str]
) -> None:
    _, url = login
    talks = await record(tmp_path / "c.wsproxy", url, login_and_ask)
    server = ReplayServer(talks, speed=None, loop=True, strict=True)
    port = await server.start("127.0.0.1", 0)
    async with connect(f"ws://127.0.0.1:{port}/api") as socket:
        for number in range(4):
            await socket.send(json.dumps({"op": "login", "id": number}))
            if number == 0:
                await socket.recv()
                await socket.send(json.dumps({"op": "price", "id": 9, "token": "secret-1"}))
            assert json.loads(await socket.recv())["id"] == (9 if number == 0 else number)
            if number:
                await socket.send(json.dumps({"op": "price", "id": 9, "token": "secret-1"}))
                await socket.recv()
    await server.stop()
    assert server.unmatched == []


async def test_a_server_that_is_not_there_is_one_line(
    tmp_path: Path, login: tuple[Login, str]
) -> None:
    _, url = login
    talks = await record(tmp_path / "c.wsproxy", url, login_and_ask)
    with pytest.raises(WsproxyError, match=r"cannot open ws://127.0.0.1:1/api"):
        await replay(talks, How("ws://127.0.0.1:1", None), Ignored())


def test_fixtures_play_either_side(
    tmp_path: Path,
    wsproxy_serve: Callable[..., Served],
    wsproxy_replay: Callable[..., Comparison],
) -> None:
    path = tmp_path / "c.wsproxy"
    peers = Peers(conversation(1)).say(UP, '{"op":"price","id":1}').say(DOWN, '{"id":1,"p":2}')
    make_capture(path, peers.items)
    server = wsproxy_serve(path, speed=None)
    result = wsproxy_replay(path, to=server.url, speed=None)
    assert result.same
    assert result.matched == 2
    assert server.unmatched == []
