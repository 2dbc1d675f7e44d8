"""The live log, by the real command: what is printed, where, and who is said to have done it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.support.command import Process, on_terminal, piped, run
from wsproxy.store.reader import Capture

ADDON = """
import logging
def websocket_message(flow):
    print("printed by the addon")
    logging.warning("logged by the addon")
    message = flow.websocket.messages[-1]
    if message.from_client:
        message.content = message.content.replace(b"secret", b"***")
"""


@contextmanager
def echo() -> Iterator[str]:
    def handle(socket: ServerConnection) -> None:
        for message in socket:
            socket.send(message)

    def refuse(connection: ServerConnection, request: object) -> Response | None:
        if connection.request is not None and "no" in connection.request.path:
            response = connection.respond(403, "bring a ticket\n")
            assert isinstance(response, Response)
            return response
        return None

    with serve(handle, "127.0.0.1", 0, process_request=refuse) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def upstream() -> Iterator[str]:
    with echo() as url:
        yield url


def say(proxy: Process, *texts: str) -> None:
    with connect(proxy.url, compression=None) as socket:
        for text in texts:
            socket.send(text)
            socket.recv()


def test_a_filter_is_for_the_log_only(upstream: str, tmp_path: Path) -> None:
    capture = tmp_path / "c.wsproxy"
    with piped(
        "run", upstream, "-p", "0", "--no-web", "--capture", capture, "--log-filter", "~down & two",
        "--log-width", "8",
    ) as proxy:  # fmt: skip
        proxy.ready()
        say(proxy, "one", "two and more")
        proxy.out.expect("closed")
        assert proxy.finish() == 0
    assert re.findall(r"TEXT.*", proxy.out.text) == ["TEXT fin len=12 two and …"]
    opened = Capture(capture)
    assert len(list(opened.frames())) == 6
    opened.close()


def test_a_filter_that_cannot_be_read_ends_the_start(upstream: str) -> None:
    done = run("run", upstream, "--log-filter", "~dwn")
    assert done.returncode == 2
    assert "did you mean ~down" in done.stderr


def test_quiet_prints_no_frames_and_addons_log_on(upstream: str, tmp_path: Path) -> None:
    (tmp_path / "hide.py").write_text(ADDON)
    arguments = ("run", upstream, "-p", "0", "--no-web", "-s", tmp_path / "hide.py")
    with piped(*arguments, "-q") as proxy:
        proxy.ready()
        say(proxy, "a secret")
        proxy.err.expect("logged by the addon")
        proxy.finish()
        assert "TEXT" not in proxy.out.text
        assert "printed by the addon" in proxy.out.text
    with piped(*arguments, "-qq") as proxy:
        proxy.ready()
        say(proxy, "a secret")
        proxy.finish()
        assert "logged by the addon" not in proxy.err.text
    with piped(*arguments, "--log-format", "jsonl") as proxy:
        proxy.ready(proxy.err)
        say(proxy, "a secret")
        proxy.err.expect("printed by the addon")
        proxy.finish()
        objects = [json.loads(line) for line in proxy.out.text.splitlines()]
        assert objects[1]["ends_message"]["cause"] == "addon hide.py"
        assert objects[1]["ends_message"]["sent_text"] == "a ***"
        assert objects[1]["text"] == "a secret"


def test_endings_name_who_did_it(upstream: str) -> None:
    with piped(
        "run", upstream, "-p", "0", "--no-web", "--fault", "limit_data:bytes=20,name=half"
    ) as proxy:
        proxy.ready()
        with pytest.raises(ConnectionClosed):
            say(proxy, "Käse " * 10)
        proxy.out.expect(r"aborted by fault half \(FIN\)")
        proxy.finish()
        assert "Käse" in proxy.out.text


def test_a_handshake_that_failed_is_one_line(upstream: str) -> None:
    with piped("run", "ws://127.0.0.1:9", "-p", "0", "--no-web") as proxy:
        proxy.ready()
        with pytest.raises(InvalidStatus):
            say(proxy)
        proxy.out.expect(r"#1 .*failed: cannot connect to .* \(wsproxy answered 502\)")
        proxy.finish()
        assert "open" not in proxy.out.text.replace("listens", "")
        assert "cannot connect" not in proxy.err.text
    with piped("run", "ws://127.0.0.1:9", "-p", "0", "--no-web", "-q") as proxy:
        proxy.ready()
        with pytest.raises(InvalidStatus):
            say(proxy)
        proxy.err.expect("cannot connect to")


def test_why_a_handshake_was_refused(upstream: str, tmp_path: Path) -> None:
    capture = tmp_path / "c.wsproxy"
    with piped("run", upstream, "-p", "0", "--no-web", "--capture", capture) as proxy:
        proxy.ready()
        proxy.url += "/no"
        with pytest.raises(InvalidStatus):
            say(proxy)
        proxy.out.expect("refused by server: 403 Forbidden to ")
        proxy.finish()
    assert "#1 answer: bring a ticket" in run("show", capture).stdout
    assert "#1 answer: bring a ticket" in run("show", capture, "--messages").stdout


def test_statistics_on_request(upstream: str) -> None:
    with on_terminal(
        "run", upstream, "-p", "0", "--no-web", "-q", "--stats", "200ms", "--color", "never"
    ) as proxy:
        proxy.ready()
        with connect(proxy.url, compression=None) as socket:
            socket.send("hello")
            socket.recv()
            proxy.out.expect(
                r"stats: 1 connection open, -> [\d.]+ messages/s \d+ B/s,"
                r" <- [\d.]+ messages/s \d+ B/s, lag [\d.]+ ms, 0 frames left out"
            )
        proxy.out.expect("stats: 0 connections open")
    done = run("run", upstream, "--stats", "5")
    assert done.returncode == 2
    assert "5 lacks its unit; write for instance 5ms or 5s" in done.stderr
