"""Text that a peer controls steers no terminal: what is not to be seen is spelled out, all else stays.

And what is secret in it is written nowhere: capture, log, `show`, exports, API.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
import urllib.request
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest
from click.testing import CliRunner

import wsproxy.cli
from tests.support.command import Process, piped
from tests.support.raw import Conn, Server
from tests.support.raw_bytes import frame, lines, switching, upgrade

RLO, LRI, LINE, C1 = "\u202e", "\u2066", "\u2028", "\u009b"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # three people and two joiners
HOSTILE = f"a{RLO}b{LRI}c{LINE}d{C1}e{FAMILY}f"
"""What HTTP lets pass in a header."""
STEERING = f"\x1b[2J\x1b]0;owned\x07\r\n\t\x08\x7f{HOSTILE}"


def raw(text: str) -> str:
    """As `lines` takes it: characters that stand for the bytes of UTF-8."""
    return text.encode().decode("latin-1")


class Clients:
    """Opens connections to a proxy, and leaves none behind."""

    def __init__(self, proxy: Process) -> None:
        self._port = int(proxy.url.rsplit(":", 1)[1])
        self._all: list[Conn] = []

    async def connect(self) -> Conn:
        conn = Conn(*await asyncio.open_connection("127.0.0.1", self._port))
        self._all.append(conn)
        return conn

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for conn in self._all:
            conn.abort()
        await asyncio.sleep(0)


async def conversation(clients: Clients, upstream: Server) -> None:
    """Everything that a peer may say, with something hostile in it."""
    client = await clients.connect()
    await client.send(
        upgrade(
            f"/chat/%1b[2J{quote(STEERING)}?q={quote(HOSTILE)}",
            f"X-Odd: {raw(HOSTILE)}",
            f"User-Agent: {raw(HOSTILE)}",
            f"Sec-WebSocket-Protocol: {raw(HOSTILE)}",
            f"Sec-WebSocket-Extensions: x-{raw(HOSTILE)}",
        )
    )
    server = await upstream.accept()
    await server.head()
    answer = switching(
        f"Sec-WebSocket-Protocol: {raw(HOSTILE)}", f"Sec-WebSocket-Extensions: x-{raw(HOSTILE)}"
    )
    await server.send(answer.replace(b"Switching Protocols", raw(HOSTILE).encode("latin-1")))
    assert (await client.head()).status == 101
    for opcode in (1, 2, 9):
        payload = STEERING.encode()[:125]
        await client.send(frame(opcode, payload, mask=True))
        await server.frame()
    await server.send(frame(1, b"\xff\xfe\x1b[2J"))
    await client.frame()
    reason = STEERING.encode()[:100]
    await server.send(frame(8, b"\x0f\xa0" + reason.decode(errors="ignore").encode()))
    await client.frame()
    await client.send(frame(8, b"\x03\xe8", mask=True))
    await server.frame()
    server.close()
    client.close()


async def refusals(clients: Clients, upstream: Server) -> None:
    """The same where the handshake fails, and where it is no HTTP at all."""
    client = await clients.connect()
    await client.send(upgrade(f"/no{quote(HOSTILE)}"))
    server = await upstream.accept()
    await server.head()
    status = f"HTTP/1.1 403 {raw(HOSTILE)}"
    await server.send(lines(status, f"X-Why: {raw(HOSTILE)}", "Content-Length: 0"))
    assert (await client.head()).status == 403
    for data in (
        f"GET /{STEERING} HTTP/1.1\r\n\r\n".encode(),
        f"{STEERING} / HTTP/1.1\r\n\r\n".encode(),
        lines("GET / HTTP/1.1", f"X: {raw(STEERING)}"),
    ):
        client = await clients.connect()
        await client.send(data)
        assert (await client.head()).status == 400
        client.close()
    client = await clients.connect()
    await client.send(upgrade("/odd"))
    server = await upstream.accept()
    await server.head()
    await server.send(f"HTTP/1.1 200 {STEERING}\r\n\r\n".encode())
    assert (await client.head()).status == 502


def harmless(text: str) -> None:
    """Nothing in it steers a terminal, and a line is a line."""
    for line in text.split("\n"):
        assert line.splitlines() in ([], [line]), line
        steering = {
            character
            for character in line
            if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")
            or unicodedata.bidirectional(character) in ("RLO", "LRO", "LRI", "RLI", "FSI", "PDF")
        }
        assert not steering, line


def invoke(*arguments: object) -> str:
    """Run a command in this process: starting many takes long."""
    done = CliRunner().invoke(wsproxy.cli.cli, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done.output


SHOWN: list[list[str]] = [
    [],
    ["--headers"],
    ["--connection", "1"],
    ["--connection", "1", "--headers"],
    ["--messages"],
    ["--frame", "1"],
    ["--filter", "~all", "--log-format", "table", "--full"],
    ["--filter", "~all", "--log-format", "pretty", "--full"],
    ["--log-format", "jsonl"],
    ["--http"],
    ["--request", "1"],
]


async def test_nothing_steers_a_terminal(tmp_path: Path) -> None:
    capture = tmp_path / "c.wsproxy"
    async with Server() as upstream:
        arguments = ("run", upstream.url, "-p", "0", "--no-web", "--capture", capture)
        with piped(*arguments, "-v") as proxy:
            await asyncio.to_thread(proxy.ready)
            async with asyncio.timeout(20), Clients(proxy) as clients:
                await conversation(clients, upstream)
                await refusals(clients, upstream)
            await asyncio.to_thread(proxy.out.expect, "closed by server")
            assert await asyncio.to_thread(proxy.finish) == 0
        harmless(proxy.out.text)
        harmless(proxy.err.text)
        assert FAMILY in proxy.out.text
        assert r"\u202e" in proxy.out.text
        assert "Traceback" not in proxy.err.text
    for options in SHOWN:
        shown = invoke("show", capture, *options)
        if "jsonl" in options:
            assert "\x1b" not in shown  # it is for programs
        else:
            harmless(shown)
        if options in ([], ["--headers"], ["--connection", "1"], ["--messages"]):
            assert FAMILY in shown, options


SECRETS = [
    "Authorization: Bearer open-sesame-1",
    "Cookie: session=open-sesame-2",
    "X-Api-Key: open-sesame-3",
    "X-Auth-Token: open-sesame-4",
    "X-Amz-Security-Token: open-sesame-5",
    "X-Csrf-Token: open-sesame-6",
    "Sec-WebSocket-Protocol: chat, bearer.open-sesame-7",
]
QUERY = (
    "?access_token=open-sesame-8&token=open-sesame-9&api_key=open-sesame-a&sig=open-sesame-b&ok=1"
)


@pytest.mark.parametrize("kept", [False, True])
async def test_secrets_are_written_nowhere(kept: bool, tmp_path: Path) -> None:
    capture = tmp_path / "c.wsproxy"
    said: list[str] = []
    async with Server() as upstream:
        with piped(
            *("run", upstream.url, "-p", "0", "--capture", capture, "-v", "--web-port", "0"),
            *("--web-token", "t"),
            *(["--capture-secrets"] if kept else []),
        ) as proxy:
            await asyncio.to_thread(proxy.ready)
            page = (await asyncio.to_thread(proxy.err.expect, r"(http://127\.0\.0\.1:\d+)/"))[1]
            async with Clients(proxy) as clients:
                client = await clients.connect()
                await client.send(upgrade(f"/chat{QUERY}", *SECRETS))
                server = await upstream.accept()
                head = await server.head()
                # The server gets all of it as it was.
                assert QUERY in head.start
                assert all(
                    secret.partition(": ")[2] in head.values(secret.partition(":")[0])
                    for secret in SECRETS
                )
                await server.send(
                    switching("Set-Cookie: session=open-sesame-c", "Sec-WebSocket-Protocol: chat")
                )
                assert (await client.head()).status == 101
                await client.send(frame(1, b"hello", mask=True))
                await server.frame()
                for path in ("/connections", "/connections/1", "/frames", "/http", "/export"):
                    said.append(await asyncio.to_thread(get, f"{page}/api/v1{path}"))
                server.close()
                client.close()
                refused = await clients.connect()  # and where the handshake fails
                await refused.send(upgrade(f"/no{QUERY}", *SECRETS))
                server = await upstream.accept()
                await server.head()
                await server.send(lines("HTTP/1.1 403 No", "Content-Length: 0"))
                assert (await refused.head()).status == 403
            await asyncio.to_thread(proxy.out.expect, "refused")
            assert await asyncio.to_thread(proxy.finish) == 0
            said += [proxy.out.text, proxy.err.text]
    for options in SHOWN:
        said.append(invoke("show", capture, *options))
    for form in ("jsonl", "har", "pcapng", "flows"):
        target = tmp_path / f"out.{form}"
        invoke("export", capture, "--format", form, "-o", target)
        said.append(target.read_bytes().decode("latin-1"))
    said += [file.read_bytes().decode("latin-1") for file in capture.iterdir()]
    found = {match for text in said for match in re.findall(r"open-sesame-\w", text)}
    assert len(found) == (12 if kept else 0), found


def get(url: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer t"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode("latin-1"))
