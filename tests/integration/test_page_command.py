"""`wsproxy run` with its page: what it prints, which port it takes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def wsproxy(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "wsproxy", "run", "ws://127.0.0.1:9", "-p", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_url_with_the_token_is_printed() -> None:
    with wsproxy("--web-port", "0", "--web-token", "a b&c") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "listens on" in process.stdout.readline()
        page = re.match(
            r"page: (http://127\.0\.0\.1:\d+/\?token=a%20b%26c)$", process.stderr.readline()
        )
        assert page
        request = urllib.request.Request(page[1].split("?")[0] + "api/v1/status")
        request.add_header("X-Wsproxy-Token", "a b&c")
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200


def test_without_a_page() -> None:
    with wsproxy("--no-web") as process:
        assert process.stdout is not None
        assert "listens on" in process.stdout.readline()
        process.terminate()
        assert "page:" not in process.communicate(timeout=20)[1]


def test_the_default_port_may_be_taken() -> None:
    with socket.socket() as taken:
        # A connection that was there before is no reason to refuse, as little as it is to wsproxy.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                taken.bind(("127.0.0.1", 8081))
                taken.listen()
                break
            except OSError:  # another test has taken it for a moment, or somebody else for good
                time.sleep(0.1)
        with wsproxy() as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert re.match(r"page: http://127\.0\.0\.1:(?!8081/)\d+/\?token=\S+ ", line)
            assert "8081 is taken" in line


def test_a_given_port_must_be_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with wsproxy("--web-port", str(port)) as process:
            _, errors = process.communicate(timeout=20)
            assert process.returncode == 1
            assert f"cannot serve the page on 127.0.0.1:{port}" in errors
            assert "Traceback" not in errors


@pytest.mark.parametrize("port", ["70000", "x"])
def test_a_port_that_is_none(port: str) -> None:
    with wsproxy("--web-port", port) as process:
        assert process.wait(timeout=20) == 2
