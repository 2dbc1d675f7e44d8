"""Ctrl-C, whatever peers and addons do: it says what it waits for, and ends soon."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.support.command import piped, run
from tests.support.raw_bytes import frame, switching, upgrade

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="POSIX signals")


class Upgraded:
    """A client and a server that have shaken hands through the command, both on plain sockets."""

    def __init__(self, url: str, listening: socket.socket) -> None:
        host, port = url.removeprefix("ws://").split(":")
        self.client = socket.create_connection((host, int(port)), timeout=10)
        self.client.sendall(upgrade())
        self.server, _ = listening.accept()
        self.server.settimeout(10)
        self.server.recv(65536)
        self.server.sendall(switching())
        assert self.client.recv(65536).startswith(b"HTTP/1.1 101")

    def close(self) -> None:
        self.client.close()
        self.server.close()


def cut_off(sock: socket.socket) -> bool:
    """Whether a stream ends by RST."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


def test_ctrl_c_says_what_it_waits_for_and_a_second_one_cuts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        with piped("run", f"ws://127.0.0.1:{listening.getsockname()[1]}", "-p", 0) as process:
            pair = Upgraded(process.ready(), listening)
            process.process.send_signal(signal.SIGINT)
            process.err.expect("waiting for 1 connection; Ctrl-C again to cut")
            process.process.send_signal(signal.SIGINT)
            assert process.process.wait(10) == 0
            assert cut_off(pair.client)
            pair.close()


BLOCKS = """
import time
def websocket_message(flow):
    print("in the hook", flush=True)
    time.sleep(600)
"""

SLEEPS = """
import asyncio
async def websocket_message(flow):
    print("in the hook", flush=True)
    await asyncio.sleep(600)
"""


@pytest.mark.parametrize("script", [BLOCKS, SLEEPS], ids=["blocks", "sleeps"])
def test_ctrl_c_ends_a_hook(tmp_path: Path, script: str) -> None:
    path = tmp_path / "slow.py"
    path.write_text(script)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}"
        with piped("run", url, "-p", 0, "-s", path, "--no-web") as process:
            pair = Upgraded(process.ready(), listening)
            pair.client.sendall(frame(1, b"hello", mask=True))
            process.out.expect("in the hook")
            if script is BLOCKS:
                process.err.expect("websocket_message .*slow.py, line 3. blocks")
            process.process.send_signal(signal.SIGINT)
            assert process.process.wait(15) == 0
            pair.close()


def test_script_that_exits_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "exits.py"
    path.write_text("import sys\nsys.exit(3)\n")
    done = run("run", "ws://127.0.0.1:1", "-p", 0, "-s", path, "--no-web")
    assert done.returncode == 1
    (line,) = [each for each in done.stderr.splitlines() if "Loading script" not in each]
    assert "exits.py" in line
    assert "sys.exit" in line


RAISES = """
import asyncio
def websocket_message(flow):
    error = flow.websocket.messages[-1].text
    raise {"exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "base": BaseException("b"),
           "cancel": asyncio.CancelledError()}[error]
"""


def test_whatever_a_hook_raises_the_message_passes(tmp_path: Path) -> None:
    path = tmp_path / "raises.py"
    path.write_text(RAISES)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}"
        with piped("run", url, "-p", 0, "-s", path, "--no-web") as process:
            pair = Upgraded(process.ready(), listening)
            for text in (b"exit", b"interrupt", b"base", b"cancel"):
                sent = frame(1, text, mask=True)
                pair.client.sendall(sent)
                assert pair.server.recv(65536) == sent
                process.err.expect("Addon error")
                process.err.expect("raises.py")
            pair.close()
            assert process.finish() == 0
