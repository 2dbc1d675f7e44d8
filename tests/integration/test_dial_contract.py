"""What engine/dial.py assumes of aiohttp, and that hooks hear of each connection."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from aiohttp import web

from wsproxy.engine.dial import ReportingConnector
from wsproxy.engine.upstream import Upstream
from wsproxy.errors import ProxyError
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


async def _ask(upstream: Upstream, path: str = "/") -> bytes:
    answer = await asyncio.wait_for(upstream.request("GET", path, [("Host", "x")]), 10)
    body = await answer.read()
    answer.release()
    return body


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
    connector = ReportingConnector(client, client_context)
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    upstream = Upstream(url, ssl_context=client_context, connector=connector)
    if early:
        assert await connector.dial_early(Target("127.0.0.1", port, tls)) is None
        assert client.told == [f"server tls={tls}", "connect", f"connected {tls}"]
    assert await _ask(upstream) == b"page"
    first = connector.server
    assert await _ask(upstream) == b"page"
    assert connector.server is first is not None
    assert client.told == [f"server tls={tls}", "connect", f"connected {tls}"]
    await upstream.close()
    await asyncio.wait_for(connector.aclose(), 10)
    assert client.told[-1] == "disconnected"
    await runner.cleanup()


async def test_a_refused_connection_is_not_made() -> None:
    runner, port = await _serve()
    client = Client("not this one")
    connector = ReportingConnector(client, None)
    upstream = Upstream(f"http://127.0.0.1:{port}", connector=connector)
    with pytest.raises(ProxyError, match="not this one"):
        await _ask(upstream)
    assert await connector.dial_early(Target("127.0.0.1", port, False)) == "not this one"
    assert "connected False" not in client.told
    await upstream.close()
    await connector.aclose()
    await runner.cleanup()


async def test_a_failure_is_reported() -> None:
    client = Client()
    connector = ReportingConnector(client, None)
    upstream = Upstream("http://127.0.0.1:1", connector=connector)
    with pytest.raises(ProxyError, match="cannot connect"):
        await _ask(upstream)
    assert await connector.dial_early(Target("127.0.0.1", 1, False))
    assert client.told == ["server tls=False", "connect", "failed"] * 2
    await upstream.close()
    await connector.aclose()


async def test_an_early_connection_that_broke_off_is_replaced() -> None:
    runner, port = await _serve()
    client = Client()
    connector = ReportingConnector(client, None)
    upstream = Upstream(f"http://127.0.0.1:{port}", connector=connector)
    await connector.dial_early(Target("127.0.0.1", port, False))
    for proto in connector._early.values():
        proto.close()
    await asyncio.wait_for(asyncio.gather(*connector._tasks), 10)
    assert client.told[-1] == "disconnected"
    assert await _ask(upstream) == b"page"
    assert client.told.count("connected False") == 2
    await upstream.close()
    await connector.aclose()
    await runner.cleanup()
