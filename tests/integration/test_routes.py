"""Several routes in one process: one capture, one log, one set of faults."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.support.command import piped, run


@contextmanager
def greeter(greeting: str) -> Iterator[str]:
    def greet(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for message in connection:
                connection.send(f"{greeting} {message!s}")

    with serve(greet, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def upstreams() -> Iterator[tuple[str, str]]:
    with greeter("hello") as one, greeter("salut") as other:
        yield one, other


def say(url: str) -> str:
    with connect(url) as client:
        client.send("you")
        return str(client.recv())


def test_two_routes(upstreams: tuple[str, str], tmp_path: Path) -> None:
    capture = tmp_path / "c.wsproxy"
    with piped(
        "run", "--web-port", "0", "--web-token", "t", "--capture", capture, "--route", f"0={upstreams[0]}", "--route",
        f"0={upstreams[1]}", "--fault", "replace:pattern=you,replacement=all,direction=upstream",
    ) as proxy:  # fmt: skip
        urls = [proxy.ready(), proxy.ready()]
        ports = [url.rpartition(":")[2] for url in urls]
        page = proxy.err.expect(r"(http://127\.0\.0\.1:\d+)/")[1]
        status = urllib.request.Request(
            f"{page}/api/v1/status", headers={"Authorization": "Bearer t"}
        )
        with urllib.request.urlopen(status) as answer:
            told = [(each["proxy"], each["upstream"]) for each in json.load(answer)["routes"]]
        assert told == [*zip(urls, upstreams, strict=True)]
        assert say(urls[0]) == "hello all"
        assert say(urls[1]) == "salut all"
        proxy.out.expect(f"#2 open route={ports[1]} ")
        with socket.create_connection(("127.0.0.1", int(ports[1]))) as raw:
            assert proxy.finish() == 0
            raw.settimeout(20)
            assert raw.recv(10) == b""  # nobody listens there any more
    shown = run("show", capture, "--filter", f"~route {ports[1]} & ~down & ~text").stdout
    assert "salut all" in shown
    assert "hello" not in shown
    objects = run("show", capture, "--log-format", "jsonl").stdout.splitlines()
    routes = [each["route"] for each in map(json.loads, objects) if each["event"] == "connection"]
    assert set(routes) == set(ports)
    assert run("show", capture).stdout.splitlines()[0].split()[:4] == [
        *("conn", "opened", "route", "client")
    ]
    exported = tmp_path / "e.jsonl"
    run("export", capture, "--format", "jsonl", "-o", exported)
    assert run("show", exported).stdout == run("show", capture).stdout


def test_a_route_beside_the_argument_and_from_a_file(
    upstreams: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "wsproxy.toml").write_text(
        f'upstream = "{upstreams[0]}"\nlisten-port = 0\nno-web = true\nroute = ["0={upstreams[1]}"]\n'
    )
    with piped("run", "--config", ".", cwd=tmp_path) as proxy:
        urls = [proxy.ready(), proxy.ready()]
        assert [say(url) for url in urls] == ["hello you", "salut you"]


def test_what_is_wrong_ends_the_start(upstreams: tuple[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("run", upstreams[0], "-p", "0", "--no-web", "--route", f"{port}={upstreams[1]}")
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}: address already in use" in done.stderr
    done = run("run", "--route", "here=ws://x")
    assert done.returncode == 2
    assert "'here=ws://x' is not a route; write for instance 8080=ws://" in done.stderr
    assert "Missing argument 'UPSTREAM' (or --route PORT=URL)" in run("run").stderr
    assert "each --route has its port" in run("run", "--route", "0=ws://x", "-p", "1").stderr
    assert "leave --route" in run("run", "ws://y", "--route", "0=ws://x", "-s", "a.py").stderr
