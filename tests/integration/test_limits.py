"""What bounds clients: how many, how slow, how odd their requests; docs/limits.md lists them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw import FIN, RST, TIMEOUT, ProxyStage, both_loops, logged, staged, until
from tests.support.raw_bytes import frame, lines, switching, upgrade
from tests.support.raw_child import child
from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.errors import WsproxyError

HALVES = {
    "head": b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
    "upgrade": upgrade()[:-4],
}


@both_loops
@pytest.mark.parametrize("name", HALVES)
async def test_client_that_never_ends_its_request_is_dropped(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(request_timeout=0.2) as stage:
        client = await stage.connect()
        await client.send(HALVES[name])
        head, body = await client.answer()
        assert head.status == 408
        assert b"--request-timeout" in body
        assert await client.ending() == FIN
        await stage.converse()
    assert len(logged(caplog)) == 1


@both_loops
async def test_client_that_says_nothing_is_dropped_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged(request_timeout=0.2) as stage:
        client = await stage.connect()
        assert await client.ending() == FIN
    assert not logged(caplog)


@both_loops
async def test_client_that_never_ends_its_body_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with staged(request_timeout=0.2) as stage:
        client = await stage.connect()
        await client.send(lines("POST / HTTP/1.1", "Host: x", "Content-Length: 10") + b"half")
        server = await stage.accept()
        await server.head()
        assert await server.read(4) == b"half"
        assert (await client.head()).status == 408
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await server.read(6)  # half a body is not passed off as a whole one
    assert len(logged(caplog)) == 1


@both_loops
async def test_open_websocket_has_no_deadline() -> None:
    async with staged(request_timeout=0.1) as stage:
        client, server = await stage.upgraded()
        await stage.connect()  # one that is dropped in the meantime
        await until(lambda: open_clients(stage) == 1)
        await client.send(frame(1, b"late", mask=True))
        assert await server.frame() == (0x81, b"late")


def open_clients(stage: ProxyStage) -> int:
    return int(stage.proxy._listener._listeners[0]._server.clients)


@both_loops
async def test_too_many_clients_get_503_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async with staged(max_connections=2) as stage:
        first, server = await stage.upgraded()
        second = await stage.connect()
        await until(lambda: open_clients(stage) == 2)
        for _ in range(3):
            refused = await stage.connect()
            head, body = await refused.answer()
            assert head.status == 503
            assert b"--max-connections" in body
        first.close()
        server.close()
        second.close()
        await until(lambda: open_clients(stage) == 0)
        await stage.converse()
        limits = stage.proxy._listener._listeners[0]._env.limits
        assert limits.refused_connections == 3
    assert len([line for line in logged(caplog) if "503" in line]) == 1


@both_loops
async def test_no_file_left_is_said_once_and_passes(loop_name: str, tmp_path: Path) -> None:
    limit = 120
    capture = str(tmp_path / "c.wsproxy")
    async with child(
        loop_name, files=limit, max_connections=1000, capture=capture, no_web=True
    ) as stage:
        clients = [await stage.connect() for _ in range(limit + 30)]
        async with asyncio.timeout(TIMEOUT):
            line = await stage.log_line()
            assert line.startswith(f"ERROR too many files are open ({limit} may be): ")
            # Whoever was taken may go on.
            await clients[0].send(upgrade())
            server = await stage.accept()
            await server.send(switching())
            assert (await clients[0].head()).status == 101
            for client in clients:
                client.abort()
            while True:  # the proxy has to notice first that they have left
                client = await stage.connect()
                with contextlib.suppress(ConnectionResetError, asyncio.IncompleteReadError):
                    await client.send(b"NOT HTTP\r\n\r\n")
                    if (await client.head()).status == 400:
                        break
                client.abort()
        assert not [line for line in await stage.stop() if "files" in line]


BODIES = {
    "length": upgrade("/", "Content-Length: 5") + b"hello",
    "chunks": upgrade("/", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
}


@both_loops
@pytest.mark.parametrize("name", BODIES)
async def test_upgrade_with_a_body_is_refused(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(BODIES[name])
        head, body = await client.answer()
        assert head.status == 400
        assert b"no body" in body
        assert await client.ending() in (FIN, RST)
        assert stage.upstream.idle
        await stage.converse()
    assert len(logged(caplog)) == 1


@both_loops
@pytest.mark.parametrize("status", [400, 502])
async def test_nothing_follows_an_own_refusal(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes behind the request may be frames: it is not read as another request."""
    request = upgrade()
    if status == 400:
        request = request.replace(b"GET", b"PUT")
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}"
    settings: dict[str, Any] = {"upstream_url": url} if status == 502 else {}
    async with staged(**settings) as stage:
        client = await stage.connect()
        await client.send(request + lines("GET /frames HTTP/1.1", "Host: x"))
        assert (await client.answer())[0].status == status
        assert await client.ending() in (FIN, RST)
    assert len(logged(caplog)) == 1


@both_loops
async def test_refused_origin_names_the_option(caplog: pytest.LogCaptureFixture) -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade("/", "Origin: http://proxy.test"))
        server = await stage.accept()
        await server.head()
        await server.send(lines("HTTP/1.1 403 No", "Content-Length: 0"))
        assert (await client.head()).status == 403
    (line,) = logged(caplog)
    assert "--rewrite-origin" in line


@both_loops
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_proxy_that_is_its_own_upstream_does_not_start(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = Proxy(Settings(upstream_url=f"http://{host}:{port}", listen_port=port, no_web=True))
    with pytest.raises(WsproxyError, match="is this proxy itself"):
        await proxy.start()


@both_loops
async def test_proxy_that_calls_itself_by_another_name(caplog: pytest.LogCaptureFixture) -> None:
    """A name that nobody saw through at the start: what calls is one of its own connections."""
    async with staged() as stage:
        upstream = stage.proxy._upstream
        upstream.target = upstream.target._replace(port=stage.port)
        client = await stage.connect()
        await client.send(upgrade())
        head, body = await client.answer()
        assert head.status == 508
        assert b"is this proxy itself" in body
        assert stage.upstream.idle
    assert "is this proxy itself" in logged(caplog)[0]


@both_loops
async def test_client_with_the_port_of_one_of_the_proxys_own_connections() -> None:
    """The system gives one port to connections that go to different servers."""
    async with staged() as stage:
        client = await stage.connect()
        host, port = client.writer.get_extra_info("sockname")
        stage.proxy._listener._listeners[0]._server.own_connections.add(
            f"{host}:{port} 127.0.0.1:9"
        )
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        await server.send(switching())
        assert (await client.head()).status == 101


@both_loops
async def test_client_that_leaves_before_the_101_leaves_no_socket_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client = await stage.connect()
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        client.reset()
        assert await server.ending() in (FIN, RST)
        server.writer.write(switching())
        await until(lambda: not stage.proxy._listener._listeners[0]._server.own_connections)
        assert (await stage.recorded()).end == ("aborted", "client", None, "left before the answer")
    assert not logged(caplog)
