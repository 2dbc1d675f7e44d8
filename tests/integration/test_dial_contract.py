"""Connections to servers: kept, dialled anew, and reported to hooks one by one."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from aiohttp import web

from wsproxy.engine.dial import DialError, Pool
from wsproxy.relay.http_hooks import Exchange, HttpRequest, ServerHooks, Socket, Target


class Server:
    """Writes down what it is told."""

    def __init__(self, target: Target, told: list[str], refuse: str | None) -> None:
        self._told = told
        self._refuse = refuse
        told.append(f"server tls={target.tls}")

    async def connect(self) -> str | None:
        self._told.append("connect")
        return self._refuse

    async def connected(self, socket: Socket) -> None:
        self._told.append(f"connected {socket.tls_version is not None}")

    async def failed(self, reason: str) -> None:
        self._told.append("failed")

    async def disconnected(self) -> None:
        self._told.append("disconnected")


class Client:
    dials_early: Target | None = None

    def __init__(self, refuse: str | None = None) -> None:
        self.told: list[str] = []
        self._refuse = refuse

    async def connected(self) -> str | None:
        return None

    async def disconnected(self) -> None: ...

    def server(self, target: Target) -> ServerHooks:
        return Server(target, self.told, self._refuse)

    def exchange(self, request: HttpRequest) -> Exchange:
        raise NotImplementedError


async def _page(request: web.BaseRequest) -> web.Response:
    return web.Response(text="page")


async def _serve(tls: ssl.SSLContext | None = None) -> tuple[web.ServerRunner, int]:
    runner = web.ServerRunner(web.Server(_page))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return runner, runner.addresses[0][1]


async def _ask(pool: Pool, target: Target) -> bytes:
    request = HttpRequest("GET", target, "/", [("Host", "x")], "HTTP/1.1")
    answer = await asyncio.wait_for(pool.ask(request, request.headers, None, 10), 10)
    body = b"".join([piece async for piece in answer.pieces()])
    answer.close()
    return body


def _pool(client: Client, context: ssl.SSLContext | None = None) -> Pool:
    return Pool(client, lambda: context or ssl.create_default_context(), set())


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("tls", [True, False])
async def test_one_connection_serves_many_requests_and_is_reported(early: bool, tls: bool) -> None:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    runner, port = await _serve(server_context if tls else None)
    client = Client()
    target = Target("127.0.0.1", port, tls)
    pool = _pool(client, client_context)
    if early:
        assert await pool.dial_early(target, 10) is None
        assert client.told == [f"server tls={tls}", "connect", f"connected {tls}"]
    assert await _ask(pool, target) == b"page"
    first = pool.server
    assert await _ask(pool, target) == b"page"
    assert pool.server is first is not None
    assert client.told == [f"server tls={tls}", "connect", f"connected {tls}"]
    await asyncio.wait_for(pool.aclose(), 10)
    await asyncio.wait_for(_told(client, "disconnected"), 10)
    await runner.cleanup()


async def _told(client: Client, what: str) -> None:
    while client.told[-1] != what:
        await asyncio.sleep(0)


async def test_a_refused_connection_is_not_made() -> None:
    runner, port = await _serve()
    client = Client("not this one")
    pool = _pool(client)
    with pytest.raises(DialError, match="not this one"):
        await _ask(pool, Target("127.0.0.1", port, False))
    assert await pool.dial_early(Target("127.0.0.1", port, False), 10) == "not this one"
    assert "connected False" not in client.told
    await pool.aclose()
    await runner.cleanup()


async def test_a_failure_is_reported() -> None:
    client = Client()
    pool = _pool(client)
    with pytest.raises(DialError):
        await _ask(pool, Target("127.0.0.1", 1, False))
    assert await pool.dial_early(Target("127.0.0.1", 1, False), 10)
    assert client.told == ["server tls=False", "connect", "failed"] * 2
    await pool.aclose()


async def test_an_early_connection_that_broke_off_is_replaced() -> None:
    runner, port = await _serve()
    client = Client()
    target = Target("127.0.0.1", port, False)
    pool = _pool(client)
    await pool.dial_early(target, 10)
    for connection in pool._idle[target]:
        connection.transport.close()
    await asyncio.wait_for(_told(client, "disconnected"), 10)
    assert await _ask(pool, target) == b"page"
    assert client.told.count("connected False") == 2
    await pool.aclose()
    await runner.cleanup()
