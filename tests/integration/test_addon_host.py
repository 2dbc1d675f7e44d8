"""The addon host around the addons: starting, failing, reloading, files, frames."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.support.conversations import HEAR, echoed, get, talk
from tests.support.side_by_side import (
    BIN,
    Upstream,
    addon,
    proxy,
    through,
)

UPSTREAM = "ws://127.0.0.1:1"

WITHOUT = """
import asyncio, sys
from wsproxy.app import Proxy
from wsproxy.cli import run
from wsproxy.config import Settings

async def main():
    proxy = Proxy(Settings(upstream_url="ws://127.0.0.1:1", listen_port=0))
    await proxy.start()
    await proxy.stop()

asyncio.run(main())
imported = sorted(name for name in sys.modules if name.split(".")[0] == "mitmproxy")
assert not imported, imported
"""

NOT_INSTALLED = """
import sys
sys.modules["mitmproxy"] = None
sys.argv = ["wsproxy", "run", "ws://127.0.0.1:1", "-p", "0", "-s", __file__]
from wsproxy.cli import main
main()
"""


def test_without_addons_mitmproxy_is_not_imported() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_without_mitmproxy_it_says_what_to_install(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(NOT_INSTALLED)
    done = subprocess.run(
        [sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'wsproxy[mitmproxy]'" in done.stderr


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("x = 1\nraise ValueError('no')\n", [], r"bad.py: ValueError: no (File"),
        ("import no_such_module\n", [], "No module named 'no_such_module'"),
        ("def broken(:\n", [], "line 1"),
        ("def running():\n    raise KeyError('later')\n", [], "line 2"),
        ("def load(loader):\n    raise KeyError('early')\n", [], "line 2"),
        ("", ["--set", "flow_detail=many"], "ot an integer: many"),
        ("", ["--set", "no_such_option=1"], "unknown option no_such_option"),
        ("", ["--set", "mode=regular"], "option mode cannot be set here: give the upstream"),
        ("", ["--set", "http2=false"], "wsproxy speaks HTTP/1.1 and WebSocket only"),
        ("", ["--set", "map_remote=/x"], "Cannot parse map_remote option"),
        ("", ["--set", "wsproxy_websocket_history=-1"], "must not be negative"),
        ("", ["-s", "no_such_file.py"], "no script no_such_file.py"),
    ],
)
def test_what_is_wrong_is_one_line(
    script: str, arguments: list[str], said: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(script)
    command = [
        str(BIN / "wsproxy"),
        "run",
        UPSTREAM,
        "-p",
        "0",
        "-q",
        "--no-web",
        "-s",
        str(bad),
        *arguments,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1, done.stderr
    # That a script is loaded is mitmproxy's own line.
    (line,) = [line for line in done.stderr.splitlines() if "Loading script" not in line]
    assert line.startswith("wsproxy: ")
    assert said in line


async def test_an_addon_that_raises_is_named_with_its_line() -> None:
    wsproxy = await through("wsproxy", addon("raises"), talk(echoed("one")))
    assert wsproxy.client == [
        "open",
        "17 'one so far so far'",
        "closed 1000 ",
    ]
    assert 'raises.py", line 6, in request' in wsproxy.output
    assert "KeyError: 'in websocket_message'" in wsproxy.output


async def test_a_changed_script_is_loaded_anew(tmp_path: Path) -> None:
    script = tmp_path / "changing.py"
    text = """
print('ADDON version {0}', flush=True)
def websocket_message(flow):
    flow.websocket.messages[-1].content += b' {0}'
"""
    script.write_text(text.format(1))
    async with (
        Upstream([], http=False) as upstream,
        proxy("wsproxy", upstream, ["-s", str(script)]) as running,
        connect(f"ws://127.0.0.1:{running.port}/chat", proxy=None) as socket,
    ):
        await socket.send("hello")
        assert await socket.recv() == "hello 1 1"
        script.write_text(text.format(2) + "\n")
        await running.until(lambda: running.count("ADDON version 2") > 0)
        await socket.send("hello")
        assert await socket.recv() == "hello 2 2"
        script.write_text("def websocket_message(:\n")
        await running.until(lambda: running.count("error in script") > 0)
        await socket.send("hello")
        assert await socket.recv() == "hello"


async def test_a_flow_that_has_ended_leaves_memory() -> None:
    # Its messages may be many megabytes, and a garbage collector seldom comes to old objects.
    wsproxy = await through("wsproxy", addon("forgets"), *[talk(echoed("one"))] * 3)
    assert wsproxy.printed == ["ADDON 'one'", "ADDON 'one'", "ADDON gone"] * 3


async def test_frames_are_shown_and_changed() -> None:
    steps = [*echoed("hello"), ["in ", "pieces"], HEAR, "change me", HEAR, "drop me", "end", HEAR]
    wsproxy = await through("wsproxy", addon("frames"), talk(steps, compress=False))
    assert wsproxy.client == [
        "open",
        "5 'hello'",
        "9 'in pieces'",
        "7 'changed'",
        "3 'end'",
        "closed 1000 ",
    ]
    frames = [line for line in wsproxy.printed if "message" not in line]
    assert frames[0] == "ADDON client 1 fin True 5 b'hello'"
    assert frames[1] == "ADDON server 1 fin False 5 b'hello'"
    assert frames[2:5] == [
        "ADDON client 1  True 3 b'in '",
        "ADDON client 0  True 6 b'pieces'",
        "ADDON client 0 fin True 0 b''",
    ]
    assert frames[-2:] == [
        r"ADDON client 8 fin True 2 b'\x03\xe8'",
        r"ADDON server 8 fin False 2 b'\x03\xe8'",
    ]
    assert "ADDON message 'changed'" in wsproxy.printed
    assert "ADDON message 'drop me'" not in wsproxy.printed


async def test_compressed_frames_and_pings_are_shown() -> None:
    async def conversation(address: str, heard: list[str]) -> None:
        async with connect(f"ws://{address}/chat", proxy=None, ping_interval=None) as socket:
            await socket.send("hello")
            heard.append(str(await socket.recv()))
            await socket.ping(b"x!")  # the addon adds a !, so that no pong answers this ping
            await socket.send("again")
            heard.append(str(await socket.recv()))

    wsproxy = await through("wsproxy", addon("frames"), conversation)
    assert wsproxy.client == ["hello", "again"]
    assert any(line.startswith("ADDON client 1 finrsv1 True") for line in wsproxy.printed)
    assert "ADDON client 9 fin True 2 b'x!'" in wsproxy.printed
    assert "ADDON server 10 fin False 3 b'x!!'" in wsproxy.printed


async def test_an_addon_may_end_the_proxy() -> None:
    wsproxy = await through("wsproxy", addon("shuts_down"), talk(echoed("hello")))
    assert wsproxy.printed == ["ADDON done"]


async def test_the_flow_file_has_what_mitmdumps_has(tmp_path: Path) -> None:
    conversations = (talk(echoed("hello", b"\x00"), path="/kept"), talk(echoed("x"), path="/other"))
    read = []
    for name in ("mitmdump", "wsproxy"):
        file = tmp_path / name
        arguments = ["-w", str(file), "--set", "save_stream_filter=~u kept"]
        await through(name, arguments, *conversations)
        har = tmp_path / f"{name}.har"
        process = await asyncio.create_subprocess_exec(
            *(str(BIN / "mitmdump"), "-nr", str(file), "--set", f"hardump={har}", "-q")
        )
        assert await asyncio.wait_for(process.wait(), 20) == 0
        entries = json.loads(har.read_text())["log"]["entries"]
        read.append(
            [
                (
                    entry["request"]["method"],
                    entry["request"]["url"].partition("/kept")[1:],
                    entry["response"]["status"],
                    [(m["type"], m["opcode"], m["data"]) for m in entry["_webSocketMessages"]],
                )
                for entry in entries
            ]
        )
    assert read[0] == read[1]
    assert len(read[0]) == 1


async def test_hardump_and_flow_detail(tmp_path: Path) -> None:
    har = tmp_path / "all.har"
    arguments = ["--set", f"hardump={har}", "--set", "flow_detail=3"]
    wsproxy = await through("wsproxy", arguments, talk(echoed("hello")))
    (entry,) = json.loads(har.read_text())["log"]["entries"]
    assert [m["data"] for m in entry["_webSocketMessages"]] == ["hello", "hello"]
    assert "-> WebSocket text message ->" in wsproxy.output
    assert "WebSocket connection closed by client: 1000" in wsproxy.output


@pytest.mark.parametrize("name", ["mitmdump", "wsproxy"])
async def test_client_replay(name: str, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    heard: list[str] = []
    async with Upstream(heard, http=True) as upstream:
        async with proxy("wsproxy", upstream, ["-w", str(flows)]) as running:
            await get("GET /plain", "POST /plain text")(f"127.0.0.1:{running.port}", [])
            await running.idle()
        asked = heard.copy()
        heard.clear()
        # The process ends by itself when all is replayed.
        async with proxy(name, upstream, ["--set", f"client_replay={flows}"]) as running:
            assert await asyncio.wait_for(running.process.wait(), 20) == 0
    assert heard == asked
    assert len(asked) == 2
