"""Lines of the log with much going on: whole, in order, and not too many."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

from tests.support.command import piped
from tests.support.raw import Conn, Server
from tests.support.raw_bytes import frame, switching, upgrade

CLIENTS = 8
MESSAGES = 100

PRINTS = """
def websocket_message(flow):
    print("addon:" + "x" * 300 + ":" + str(len(flow.websocket.messages)))
"""

RAISES = """
def websocket_message(flow):
    raise ValueError("as always")
"""

ORDER = """
def websocket_start(flow):
    print("start", flush=True)

async def websocket_message(flow):
    message = flow.websocket.messages[-1]
    print("hook:" + message.text, flush=True)
"""


async def opened(port: int, upstream: Server, early: bytes = b"") -> tuple[Conn, Conn]:
    """A client and a server; `early` comes together with the 101."""
    client = Conn(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(upgrade())
    server = await upstream.accept()
    await server.head()
    await server.send(switching() + early)
    assert (await client.head()).status == 101
    return client, server


async def chatter(port: int, upstream: Server) -> None:
    """Many clients that say much at the same time."""
    pairs = [await opened(port, upstream) for _ in range(CLIENTS)]

    async def say(client: Conn, server: Conn) -> None:
        for number in range(MESSAGES):
            await client.send(frame(1, b"message %d" % number, mask=True))
            await server.frame()
        client.close()
        await server.rest()
        server.close()

    await asyncio.gather(*(say(*pair) for pair in pairs))


async def logged(script: str, tmp_path: Path) -> tuple[str, str]:
    """What `wsproxy run` writes of the chatter, with a script of addons."""
    path = tmp_path / "addon.py"
    path.write_text(script)
    async with Server() as upstream:
        arguments = ("run", upstream.url, "-p", "0", "--no-web", "-s", path)
        with piped(*arguments) as proxy:
            await asyncio.to_thread(proxy.ready)
            reading = asyncio.ensure_future(asyncio.to_thread(proxy.out.expect, "no such line"))
            await chatter(int(proxy.url.rsplit(":", 1)[1]), upstream)
            proxy.process.send_signal(2)
            await asyncio.wait([reading])
            reading.exception()
            await asyncio.to_thread(proxy.err.rest)
        return proxy.out.text, proxy.err.text


TIME = re.compile(r"(\d\d:\d\d:\d\d\.\d+) #")


async def test_what_an_addon_prints_is_whole_and_lines_are_in_order(tmp_path: Path) -> None:
    out, _ = await logged(PRINTS, tmp_path)
    lines = out.splitlines()
    printed = [line for line in lines if "addon:" in line]
    assert len(printed) == CLIENTS * MESSAGES
    assert all(re.fullmatch(r"addon:x{300}:\d+", line) for line in printed)
    shown = [line for line in lines if "TEXT" in line]
    assert len(shown) == CLIENTS * MESSAGES
    assert all(re.fullmatch(TIME.pattern + r"\d+ .* message \d+", line) for line in shown)
    times = [found[1] for line in lines if (found := TIME.match(line))]
    assert len(times) >= CLIENTS * (MESSAGES + 2)
    assert times == sorted(times)


async def test_an_addon_that_fails_all_the_time_does_not_flood(tmp_path: Path) -> None:
    began = time.monotonic()
    _, err = await logged(RAISES, tmp_path)
    seconds = time.monotonic() - began
    said = [line for line in err.splitlines() if "Addon error" in line]
    assert 0 < len(said) <= 10 * (seconds + 2) < CLIENTS * MESSAGES


async def test_hooks_see_messages_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """Also the server's first one, which came together with its 101, before the client's."""
    (tmp_path / "addon.py").write_text(ORDER)
    async with Server() as upstream:
        arguments = ("run", upstream.url, "-p", "0", "--no-web", "-q", "-s", tmp_path / "addon.py")
        with piped(*arguments) as proxy:
            await asyncio.to_thread(proxy.ready)
            port = int(proxy.url.rsplit(":", 1)[1])
            early = frame(1, b"server 1") + frame(1, b"server 2")
            client, server = await opened(port, upstream, early)
            await client.send(frame(1, b"client 1", mask=True))
            assert await server.frame() == (0x81, b"client 1")
            await server.send(frame(1, b"server 3"))
            for number in (1, 2, 3):
                assert await client.frame() == (0x81, b"server %d" % number)
            client.close()
            server.close()
            await asyncio.to_thread(proxy.finish)
        hooks = [line for line in proxy.out.text.splitlines() if line.startswith(("start", "hook"))]
        assert hooks == [
            "start",
            *(f"hook:{x}" for x in ("server 1", "server 2", "client 1", "server 3")),
        ]
