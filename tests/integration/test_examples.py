"""Every example of the help texts and of the documentation is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.support.command import Process, piped
from tests.support.examples import blocks, commands, furnish
from wsproxy.cli import _COMMANDS, cli

GOES_ON = ("run", "view", "serve", "fleet")
"""Commands that go on until Ctrl-C."""

ELSEWHERE = ("fleet", "--fleet")
"""They need NATS: tests/integration/fleet runs them."""

ALL = commands()
STEERING = [line for line in ALL if line.startswith("wsproxy ctl ")]
STAYING = [line for line in ALL if line.split()[1] in GOES_ON or "--follow" in line]
CONNECTING = [line for line in ALL if "wsproxy connect " in line]
ENDING = [line for line in ALL if line not in (*STEERING, *STAYING, *CONNECTING)]


def answer(socket: ServerConnection) -> None:
    with_id = re.compile(r'"id": (\d+)')
    try:
        for message in socket:
            number = with_id.search(message) if isinstance(message, str) else None
            asked = number[1] if number else "0"
            socket.send(f'{{"id": {asked}, "price": 10{asked}.5, "error": null}}')
    except ConnectionClosed:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    def first(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return offered[0] if offered else None

    with serve(answer, "127.0.0.1", 0, select_subprotocol=first) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def here(line: str, upstream: str) -> str:
    """An example, with a server that is there and ports that are free."""
    line = re.sub(r"\bwss?://[^/ ']+", f"ws://{upstream}", line)
    line = re.sub(r"\bhttps?://[^/ ']+", f"http://{upstream}", line)
    return re.sub(r"-p \d+", "-p 0", line)


def test_there_are_examples_of_every_command() -> None:
    named = {line.partition("wsproxy ")[2].split()[0] for line in ALL}
    assert named >= set(_COMMANDS) - {"demo", "config"}
    assert len(ALL) > 60


def invoke(line: str, said: str | None = None) -> Result:
    arguments = shlex.split(line)
    assert arguments[0] == "wsproxy"
    return CliRunner().invoke(cli, arguments[1:], input=said, catch_exceptions=False)


def test_those_that_end_by_themselves(
    place: Path, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    for line in ENDING:
        for made in ("ticket.wsproxy", "browser.wsproxy", "today.wsproxy"):
            if f"-o {made}" in line:
                shutil.rmtree(place / made, ignore_errors=True)
        first, _, rest = here(line, upstream).partition(" | ")
        done = invoke(first)
        # A comparison may end with 1: that is what it is for.
        fine = (0, 1) if first.split()[1] in ("diff", "replay") else (0,)
        assert done.exit_code in fine, (line, done.output)
        if rest:
            command = shlex.split(rest)
            found = subprocess.run(
                command, input=done.stdout, capture_output=True, text=True, timeout=20, check=False
            )
            assert found.returncode == 0, (line, found.stderr)
            # An example that shows nothing is none.
            assert found.stdout.replace("null\n", "") or "unanswered" in line, line


def test_those_that_connect(place: Path, upstream: str) -> None:
    shutil.rmtree(place / "today.wsproxy")
    for line in CONNECTING:
        said, _, command = here(line, upstream).rpartition(" | ")
        done = invoke(command, f"{shlex.split(said)[1]}\n" if said else None)
        assert done.exit_code == 0, (line, done.output)
        assert "closed" in done.stdout
        assert ("hello" in done.stdout) is bool(said)


def test_those_that_go_on(place: Path, upstream: str) -> None:
    env = {"WSPROXY_LISTEN_PORT": "0", "WSPROXY_WEB_PORT": "0"}
    lines = [line for line in STAYING if not any(word in line.split() for word in ELSEWHERE)]
    for number in range(0, len(lines), 3):
        with ExitStack() as stack:
            started: list[tuple[str, Process]] = []
            for line in lines[number : number + 3]:
                first, _, _ = here(line, upstream).partition(" | ")
                arguments = shlex.split(first)[1:]
                started.append((line, stack.enter_context(piped(*arguments, cwd=place, env=env))))
            for line, process in started:
                jsonl = "jsonl" in line
                (process.err if jsonl and "show" not in line else process.out).expect(
                    r"wsproxy \w+ |wsproxy 0|serving |#3 closed"
                )
                assert process.finish() == 0, (line, process.err.text)


def test_those_that_steer(place: Path, upstream: str) -> None:
    env = {"XDG_RUNTIME_DIR": str(place)}
    with piped("run", f"ws://{upstream}", "-p", "0", "--web-port", "0", env=env) as proxy:
        proxy.ready()
        page = proxy.err.expect(r"page: (http://[^/]+)/\?token=(\S+)")
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(connect(proxy.url))
            _steer(page[1], page[2])


def _steer(url: str, token: str) -> None:
    for line in STEERING:
        line = line.replace("http://127.0.0.1:8081", url).replace("token T", f"token {token}")
        done = invoke(line)
        assert done.exit_code == 0, (line, done.output)


def test_curl(place: Path, upstream: str) -> None:
    (script,) = blocks("docs/api.md", "sh")
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with piped("run", f"ws://{upstream}", "-p", "0", "--web-port", "0") as proxy:
        proxy.ready()
        page = proxy.err.expect(r"page: (http://[^/]+)/\?token=(\S+)")
        with connect(proxy.url) as socket:
            socket.send('{"op": "price", "id": 7}')
            assert "107.5" in str(socket.recv())
            done = subprocess.run(
                [
                    "bash",
                    "-euo",
                    "pipefail",
                    "-c",
                    script.replace("http://127.0.0.1:8081", page[1]),
                ],
                env=os.environ | {"TOKEN": page[2], "no_proxy": "*"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert '"error"' not in re.sub(r'\\"error\\"|"error": ?null', "", done.stdout)
            assert json.loads(socket.recv(timeout=20)) == {"hello": "client"}


CONFTEST = """
import asyncio
from contextlib import suppress
from threading import Thread

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

@pytest.fixture
def chat_server():
    def echo(socket):
        with suppress(ConnectionClosed):
            for message in socket:
                socket.send(message)
    with serve(echo, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever).start()
        server.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        yield server
        server.shutdown()

@pytest.fixture
def my_server():
    def answer(socket):
        with suppress(ConnectionClosed):
            for count, _ in enumerate(socket):
                socket.send(f'{{"id": {count}, "price": 10{count}.5, "error": null}}')
    with serve(answer, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever).start()
        server.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        yield server
        server.shutdown()
"""

PREFACE = '''
import json
import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_sync

class ChatClient:
    """One that opens a connection for each thing it says."""
    def __init__(self, url):
        self.url = url
    async def __aenter__(self):
        return self
    async def __aexit__(self, *_):
        pass
    async def say(self, text):
        try:
            async with connect(self.url) as socket:
                await socket.send(text)
                await socket.recv()
        except (websockets.WebSocketException, OSError):
            pass

def say_hello(url):
    with connect_sync(url) as socket:
        socket.send("hello")
        socket.recv()
        socket.recv()

class client:
    @staticmethod
    def fetch(url):
        with connect_sync(url + "/chat?x=1") as socket:
            price = None
            for count in range(4):
                socket.send(json.dumps({"op": "price", "id": count}))
                price = json.loads(socket.recv())["price"]
                if count == 1:
                    found = price
            return found
'''


@pytest.mark.parametrize("page", ["docs/testing.md", "README.md", "docs/replay.md"])
def test_the_tests_of_the_documentation(
    page: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "conftest.py").write_text(CONFTEST)
    code = "\n".join(block for block in blocks(page, "python") if "def test_" in block)
    (place / "test_page.py").write_text(f"{PREFACE}\n{code}")
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "-p", "asyncio", "-p", "wsproxy.pytest_plugin", "-o", "asyncio_mode=auto",
            "-o", "asyncio_default_fixture_loop_scope=function", "test_page.py",
        ],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_reading_a_capture_in_python(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("docs/capture.md", "python")
    exec(compile(code, "docs/capture.md", "exec"), {})
    assert "UPSTREAM" in capsys.readouterr().out


def test_the_addons_of_the_documentation(place: Path, upstream: str) -> None:
    for number, code in enumerate(blocks("docs/mitmproxy.md", "python")):
        (place / f"addon_{number}.py").write_text(code)
    scripts = [part for path in sorted(place.glob("addon_*.py")) for part in ("-s", path)]
    with piped("run", f"ws://{upstream}", "-p", "0", "--no-web", *scripts) as proxy:
        proxy.ready()
        with connect(proxy.url) as socket:
            socket.send("error")
            assert socket.recv()
        proxy.out.expect("closed")
        assert proxy.finish() == 0
        assert "error" not in proxy.err.text.lower()
