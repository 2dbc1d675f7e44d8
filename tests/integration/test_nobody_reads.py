"""Output that nobody reads, or that is closed: the proxy goes on and can be ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.integration.test_run_log import echo
from tests.support.command import PATIENCE, piped

TALKS = """
import logging, sys
def websocket_message(flow):
    number = len(flow.websocket.messages)
    print("out", number, "x" * 20_000)
    print("error", number, "x" * 20_000, file=sys.stderr)
    logging.warning(f"warning {number} " + "x" * 20_000)
"""


@pytest.mark.parametrize("log_format", ["pretty", "jsonl"])
def test_addons_talk_and_nobody_reads(tmp_path: Path, log_format: str) -> None:
    (tmp_path / "talks.py").write_text(TALKS)
    with (
        echo() as upstream,
        piped(
            "run", upstream, "-p", 0, "--no-web", "-s", tmp_path / "talks.py",
            "--log-format", log_format, "--log-width", 0,
        ) as proxy,
    ):  # fmt: skip
        proxy.ready(proxy.err if log_format == "jsonl" else proxy.out)
        with connect(proxy.url, compression=None, max_size=None) as socket:
            for number in range(50):
                socket.send(f"{number} " + "y" * 20_000)
                assert socket.recv(timeout=PATIENCE).startswith(f"{number} ")  # type: ignore[arg-type]
        proxy.process.send_signal(signal.SIGINT)
        assert proxy.process.wait(PATIENCE) == 0
        assert "Fatal" not in proxy.err.rest()


def test_what_nobody_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "talks.py").write_text(TALKS)
    with (
        echo() as upstream,
        piped("run", upstream, "-p", 0, "--no-web", "-q", "-s", tmp_path / "talks.py") as proxy,
    ):
        proxy.ready()
        with connect(proxy.url, compression=None) as socket:
            for _ in range(40):
                socket.send("hello")
                socket.recv(timeout=PATIENCE)
        proxy.err.expect(r"wsproxy: \d+ lines are not shown, for nobody read them")
        proxy.out.expect(r"wsproxy: \d+ lines are not shown, for nobody read them")
        proxy.process.send_signal(signal.SIGINT)
        assert proxy.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_standard_stream_that_is_closed(closed: str) -> None:
    number = ("stdin", "stdout", "stderr").index(closed)
    log_format = "jsonl" if closed == "stdout" else "pretty"  # what says where it listens
    with (
        echo() as upstream,
        piped(
            "run", upstream, "-p", 0, "--no-web", "--log-format", log_format,
            preexec_fn=lambda: os.close(number),
        ) as proxy,
    ):  # fmt: skip
        proxy.ready(proxy.err if closed == "stdout" else proxy.out)
        with connect(proxy.url) as socket:
            socket.send("hello")
            assert socket.recv(timeout=PATIENCE) == "hello"
        assert proxy.finish() == 0
        assert "Traceback" not in proxy.err.text
