"""The pytest plugin, in projects of other people: pytest-aiohttp, pytest-asyncio, and no loop."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent.parent

SERVER = '''
import pytest
from websockets.sync.server import serve
from threading import Thread

@pytest.fixture
def upstream():
    """An echo server on a thread of its own."""
    def echo(socket):
        for message in socket:
            socket.send(message)
    with serve(echo, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
'''


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    # Not the installed package's plugin, which may be another version, but this one.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(SERVER)
    return pytester


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "wsproxy.pytest_plugin", "-W", "error", *args)


SYNC = """
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

def test_faults_come_and_go(wsproxy_sync, upstream):
    proxy = wsproxy_sync(upstream)
    with connect(proxy.url, compression=None) as socket:
        socket.send("one")
        assert socket.recv() == "one"
        with proxy.fault("replace", pattern="two", replacement="zwei") as name:
            assert name == "replace"
            socket.send("two")
            assert socket.recv() == "zwei"
        socket.send("two")
        assert socket.recv() == "two"
        assert proxy.wait_for("~down & ~b two", count=2).text == "two"
    assert proxy.messages.where("~up").texts == ["one", "two", "two"]
    assert [(m.text, m.sent) for m in proxy.messages.where("~changed")] == [("two", b"zwei")]
    assert [strike.name for strike in proxy.strikes] == ["replace"]
    assert proxy.faults.list() == []
    (connection,) = proxy.connections
    assert connection.target == "/"
    assert len(proxy.frames) >= 6

@pytest.mark.wsproxy_fault("close", code=4001, nth=2)
@pytest.mark.wsproxy_fault("latency:latency=1ms,for=1m")
def test_markers(wsproxy_sync, upstream):
    proxy = wsproxy_sync(upstream, seed=7)
    assert proxy.faults.seed == 7
    assert [fault["name"] for fault in proxy.faults.list()] == ["close", "latency"]
    with connect(proxy.url) as socket:
        socket.send("one")
        assert socket.recv() == "one"
        socket.send("two")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
        assert closed.value.rcvd.code == 4001

def test_waiting_in_vain(wsproxy_sync, upstream):
    proxy = wsproxy_sync(upstream)
    with connect(proxy.url) as socket:
        socket.send("hello")
        proxy.wait_for("~down & hello")
        with pytest.raises(TimeoutError, match="nothing that matches '~b bye' passed.*hello"):
            proxy.wait_for("~b bye", timeout=0.05)

left_open = ExitStack()

def test_what_is_left_open_is_closed(wsproxy_sync, upstream):
    left_open.socket = left_open.enter_context(connect(wsproxy_sync(upstream).url))

def test_it_was():
    with left_open, pytest.raises(ConnectionClosed):
        left_open.socket.recv(timeout=5)
"""


def test_without_a_loop(project: pytest.Pytester) -> None:
    project.makepyfile(SYNC)
    run(project).assert_outcomes(passed=5)


ASYNC = """
import asyncio
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

MODE

@pytest.mark.wsproxy_fault("latency", latency="50ms")
async def test_on_a_loop(wsproxy):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        proxy = await wsproxy(f"ws://127.0.0.1:{port}")
        async with connect(proxy.url) as socket:
            waiting = asyncio.create_task(proxy.wait_for("~down & hello", timeout=5))
            await socket.send("hello")
            seen = await waiting
            assert (seen.direction, seen.opcode, seen.text) == ("downstream", "text", "hello")
            assert await socket.recv() == "hello"
            with proxy.fault("drop", for_="1m"):
                await socket.send("gone")
                dropped = await proxy.wait_for("~dropped")
                assert dropped.text == "gone"
"""


@pytest.mark.parametrize(
    ("plugins", "mode"),
    [
        (["-p", "asyncio", "-o", "asyncio_mode=auto"], ""),
        (["-p", "asyncio", "-o", "asyncio_mode=strict"], "pytestmark = pytest.mark.asyncio"),
        (["-p", "asyncio", "-p", "aiohttp", "-o", "asyncio_mode=auto"], ""),
    ],
    ids=["pytest-asyncio", "pytest-asyncio, strict", "pytest-aiohttp"],
)
def test_on_a_loop(project: pytest.Pytester, plugins: list[str], mode: str) -> None:
    project.makepyfile(ASYNC.replace("MODE", mode))
    run(project, *plugins, "-o", "asyncio_default_fixture_loop_scope=function").assert_outcomes(
        passed=1
    )


def test_the_callers_loop_goes_on_while_a_proxy_starts(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asyncio
        import threading

        class Upstream:
            def __init__(self):
                self.ready = threading.Event()

            def __str__(self):
                assert self.ready.wait(5), "the loop stands still"
                return "ws://127.0.0.1:1"

        async def test_two_at_a_time(wsproxy):
            upstreams = Upstream(), Upstream()
            starting = asyncio.gather(*map(wsproxy, upstreams))
            for upstream in upstreams:
                asyncio.get_running_loop().call_later(0, upstream.ready.set)
            one, two = await starting
            assert one.capture != two.capture
        """
    )
    result = run(
        project,
        *("-p", "asyncio", "-o", "asyncio_mode=auto"),
        *("-o", "asyncio_default_fixture_loop_scope=function"),
    )
    result.assert_outcomes(passed=1)


def test_pytest_aiohttps_own_server(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import aiohttp
        from aiohttp import web

        async def test_chat(aiohttp_server, wsproxy):
            async def chat(request):
                socket = web.WebSocketResponse()
                await socket.prepare(request)
                async for message in socket:
                    await socket.send_str(message.data)
                return socket
            app = web.Application()
            app.router.add_get("/chat", chat)
            server = await aiohttp_server(app)
            proxy = await wsproxy(server.make_url("/"))
            async with aiohttp.ClientSession() as session:
                async with session.ws_connect(proxy.http_url + "/chat") as socket:
                    with proxy.fault("duplicate", direction="upstream"):
                        await socket.send_str("hello")
                        assert [(await socket.receive()).data for _ in range(2)] == ["hello"] * 2
        """
    )
    plugins = ["-p", "asyncio", "-p", "aiohttp", "-o", "asyncio_mode=auto"]
    plugins += ["-o", "asyncio_default_fixture_loop_scope=function"]
    run(project, *plugins).assert_outcomes(passed=1)


def test_a_failed_test_names_its_capture(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from websockets.sync.client import connect

        def test_fails(wsproxy_sync, upstream):
            proxy = wsproxy_sync(upstream)
            proxy.faults.add("drop", nth=1)
            with connect(proxy.url) as socket:
                socket.send("lost")
                socket.send("found")
                assert socket.recv() == "lost"
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- wsproxy capture -*",
            "*capture-1.wsproxy   (wsproxy show *",
            "seed: 1",
            "fault drop (drop) struck 1 times",
            "#1 -> text lost",
            "#1 <- text lost [[]dropped[]]",
        ]
    )
    (line,) = [line for line in result.outlines if "(wsproxy show" in line]
    assert Path(line.split()[0]).is_dir()


def test_a_project_that_does_not_use_it_does_not_import_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_nothing():
            loaded = {name for name in sys.modules if name.startswith("wsproxy")}
            assert loaded == {"wsproxy", "wsproxy.pytest_plugin"}
        """
    )
    run(project).assert_outcomes(passed=1)


def test_pytest_finds_it() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    entry_points = pyproject["project"]["entry-points"]["pytest11"]
    assert entry_points == {"wsproxy": "wsproxy.pytest_plugin"}
