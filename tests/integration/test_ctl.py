"""A running proxy steered from the shell: two real commands, one beside the other."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from threading import Thread

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from tests.support.command import Process, piped, run

Ctl = Callable[..., CompletedProcess[str]]


@pytest.fixture
def upstream() -> Iterator[str]:
    def echo(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for message in socket:
                socket.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


@pytest.fixture
def proxy(upstream: str, env: dict[str, str]) -> Iterator[Process]:
    with piped("run", upstream, "-p", "0", "--web-port", "0", env=env) as process:
        process.ready()
        process.err.expect("page: ")
        yield process


@pytest.fixture
def ctl(proxy: Process, env: dict[str, str]) -> Ctl:
    def call(*arguments: object) -> CompletedProcess[str]:
        done = run("ctl", *arguments, env=env)
        assert done.returncode == 0, done.stderr
        return done

    return call


@pytest.fixture
def client(proxy: Process) -> Iterator[ClientConnection]:
    with connect(proxy.url, compression=None) as socket:
        yield socket


def test_faults(ctl: Ctl, client: ClientConnection, env: dict[str, str], tmp_path: Path) -> None:
    assert "no faults" in ctl("faults", "list").stderr
    added = ctl("faults", "add", "replace:pattern=one,replacement=two,name=swap").stdout
    assert added.startswith("fault swap: ")
    client.send("one")
    assert client.recv() == "two"
    listed = ctl("faults", "list").stdout.splitlines()
    assert listed[1].split()[:3] == ["swap", "on", "1"]
    ctl("faults", "change", "swap", "replacement=three")
    client.send("one")
    assert client.recv() == "three"
    assert ctl("faults", "toggle", "swap").stdout == "fault swap is off\n"
    client.send("one")
    assert client.recv() == "one"
    (tmp_path / "s.yaml").write_text("faults: [{type: drop}]\n")
    assert "drop" in ctl("faults", "load", tmp_path / "s.yaml").stdout
    ctl("faults", "remove", "drop")
    for arguments, said in (
        (("add", "latency:latency=200"), "200 lacks its unit"),
        (("remove", "swop"), "there is no fault swop; there are none"),
        (("load", tmp_path / "none.yaml"), "none.yaml"),
    ):
        done = run("ctl", "faults", *arguments, env=env)
        assert done.returncode == 1
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_connections(ctl: Ctl, client: ClientConnection) -> None:
    client.send("hello")
    assert client.recv() == "hello"
    listed = ctl("connections").stdout.splitlines()
    assert listed[1].startswith("#1 ")
    assert listed[1].endswith("open")
    ctl("send", "1", "from the shell", "--direction", "downstream")
    assert client.recv() == "from the shell"
    ctl("send", "1", "--hex", "00ff")
    assert client.recv() == b"\x00\xff"
    ctl("pause", "1", "--direction", "upstream")
    assert "upstream paused" in ctl("connections").stdout
    ctl("pause", "1", "--off")
    ctl("close", "1", "--code", "4000", "--reason", "enough")
    with pytest.raises(ConnectionClosed) as closed:
        client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "enough")


def test_cutting(ctl: Ctl, client: ClientConnection, env: dict[str, str]) -> None:
    ctl("cut", "1")
    with pytest.raises(ConnectionClosed):
        client.recv()
    done = run("ctl", "cut", "77", env=env)
    assert (done.returncode, done.stderr) == (1, "wsproxy: the connection is not open\n")


def test_breakpoints(ctl: Ctl, client: ClientConnection) -> None:
    assert ctl("breakpoints", "add", "~up & buy").stdout == "breakpoint 1: ~up & buy\n"
    client.send("buy one")
    while "held 1" not in (listed := ctl("breakpoints", "list").stdout):
        pass
    assert "held 1: #1 upstream text buy one" in listed
    ctl("breakpoints", "forward", "1", "--text", "buy two")
    assert client.recv() == "buy two"
    ctl("breakpoints", "toggle", "1")
    ctl("breakpoints", "remove", "1")


def test_which_proxy(proxy: Process, upstream: str, env: dict[str, str], tmp_path: Path) -> None:
    (file,) = (tmp_path / "wsproxy").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = proxy.err.text.partition("page: ")[2].split()[0]
    with piped("run", upstream, "-p", "0", "--web-port", "0", env=env) as other:
        other.ready()
        other.err.expect("page: ")
        done = run("ctl", "connections", env=env)
        assert done.returncode == 1
        assert "several proxies run" in done.stderr
        port = other.url.rpartition(":")[2]
        assert run("ctl", "connections", "--proxy", port, env=env).returncode == 0
        assert run("ctl", "connections", "--url", page).returncode == 0
        other.finish()
    assert run("ctl", "connections", env=env).returncode == 0
    proxy.finish()
    done = run("ctl", "connections", env=env)
    assert "no proxy of yours runs" in done.stderr
    assert "cannot reach" in run("ctl", "connections", "--url", page).stderr
    assert "needs --token" in run("ctl", "connections", "--url", "http://127.0.0.1:1").stderr
