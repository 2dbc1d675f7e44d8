"""The same conversation through mitmdump and through wsproxy, with the same addons."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

BIN = Path(sys.executable).parent
HERE = Path(__file__).parent
ADDONS = HERE / "mitm_addons"
PATIENCE = 20.0
"""Seconds that anything may take before a test gives up on it."""

_LISTENING = {
    "mitmdump": re.compile(r"listening at (?:127\.0\.0\.1|\*|localhost):(\d+)"),
    "wsproxy": re.compile(r"wsproxy listens on ws://127\.0\.0\.1:(\d+)"),
}
_STAMP = re.compile(r"^(\[[^\]]*\])+ ")


@dataclass(slots=True)
class Transcript:
    """What came of a conversation."""

    client: list[str] = field(default_factory=list)
    server: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    """The lines with ADDON that addons printed and logged."""
    output: str = ""
    """All that the proxy printed, for a test that fails."""


class Running:
    """A proxy in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.lines: list[str] = []
        self.port = 0
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\r\n"))
            match = _LISTENING[self.name].search(self.lines[-1])
            if match:
                self.port = int(match[1])
            self._changed.set()
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the output fulfils a condition, or the process has ended."""
        async with asyncio.timeout(PATIENCE):
            while not condition() and not self._reader.done():
                self._changed.clear()
                if not condition():
                    await self._changed.wait()

    def count(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    async def ready(self) -> None:
        await self.until(lambda: bool(self.port) and self.count("MARK running") > 0)
        assert self.port and self.count("MARK running"), "\n".join(self.lines)

    async def idle(self) -> None:
        """Wait until every connection that was opened is closed again, hooks included."""
        await self.until(lambda: self.count("MARK open") == self.count("MARK closed"))

    async def stop(self) -> int:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await self._reader
            return await self.process.wait()

    @property
    def printed(self) -> list[str]:
        """The lines of the addons, without the time that is before what is logged."""
        lines = [_STAMP.sub("", line) for line in self.lines]
        return [line for line in lines if line.startswith("ADDON") or "Error" in line]


def command(name: str, upstream: str, arguments: Sequence[str]) -> list[str]:
    """How to start a proxy; `upstream` is host:port."""
    marker = ["-s", str(HERE / "mitm_marker.py")]
    if name == "mitmdump":
        start = ["mitmdump", "--mode", f"reverse:http://{upstream}", "--listen-host", "127.0.0.1"]
        quiet = ["-p", "0", "--set", "flow_detail=0"]
    else:
        start = ["wsproxy", "run", f"http://{upstream}"]
        quiet = ["-p", "0", "-q", "--no-web"]
        if not any(word.startswith("termlog_verbosity=") for word in arguments):
            quiet += ["--set", "termlog_verbosity=info"]
    return [str(BIN / start[0]), *start[1:], *quiet, *marker, *arguments]


@asynccontextmanager
async def proxy(name: str, upstream: str, arguments: Sequence[str]) -> AsyncIterator[Running]:
    """A proxy that is ready; it is stopped at the end."""
    home = os.environ.get("HOME", "/")
    process = await asyncio.create_subprocess_exec(
        *command(name, upstream, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HOME": home, "PYTHONWARNINGS": "ignore"},
    )
    running = Running(name, process)
    try:
        await running.ready()
        yield running
    finally:
        await running.stop()


async def _converse(socket: ServerConnection, heard: list[str]) -> None:
    """An echo that does on request what a server may do."""
    assert socket.request is not None
    colour = socket.request.headers.get("x-colour")
    heard.append(f"open {socket.request.path}" + (f" {colour}" if colour else ""))
    try:
        while True:
            pieces = [piece async for piece in socket.recv_streaming()]
            message = "".join(pieces) if isinstance(pieces[0], str) else b"".join(pieces)  # type: ignore[arg-type]
            sizes = [len(p.encode() if isinstance(p, str) else p) for p in pieces]
            heard.append(f"{message[:200]!r}" + (f" in {sizes}" if len(sizes) > 1 else ""))
            if message == "close, please":
                await socket.close(4002, "as you wish")
            elif message == "abort, please":
                socket.transport.abort()
            elif message == "in pieces, please":
                await socket.send(["one ", "two ", "three"])
            else:
                await socket.send(message)
    except ConnectionClosed as closed:
        received = closed.rcvd
        heard.append(f"closed {(received.code, received.reason) if received else None}")


class Upstream:
    """A server that speaks WebSocket (the library `websockets`) or HTTP (aiohttp)."""

    def __init__(self, heard: list[str], *, http: bool) -> None:
        self.heard = heard
        self._http = http

    async def __aenter__(self) -> str:
        if self._http:
            self._runner = web.ServerRunner(web.Server(self._page))
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
            return f"127.0.0.1:{self._runner.addresses[0][1]}"
        self._server = await serve(
            lambda socket: _converse(socket, self.heard), "127.0.0.1", 0, ping_interval=None
        )
        return f"127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        if self._http:
            await self._runner.cleanup()
        else:
            self._server.close()
            await self._server.wait_closed()

    async def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        extra = sorted(
            f"{name.lower()}={value}"
            for name, value in request.headers.items()
            if name.lower().startswith(("x-", "cookie", "authorization"))
        )
        self.heard.append(f"{request.method} {request.raw_path} {extra} {body!r}")
        if request.path.startswith("/missing"):
            return web.Response(status=404, text="nothing here")
        if request.path.startswith("/chunked"):
            response = web.StreamResponse(headers={"X-Page": "chunked"})
            await response.prepare(request)
            for piece in (b"hello ", b"in ", b"chunks"):
                await response.write(piece)
            await response.write_eof()
            return response
        if request.path.startswith("/cookie"):
            return web.Response(text="hello", headers={"Set-Cookie": "session=abc; Path=/"})
        return web.Response(text="hello from the server\n", headers={"X-Page": "plain"})


Conversation = Callable[[str, list[str]], Awaitable[None]]
"""Talks to a proxy, given as host:port, and writes down what it hears."""


async def through(
    name: str, arguments: Sequence[str], *conversations: Conversation, http: bool = False
) -> Transcript:
    """Have conversations through one proxy, one after another."""
    transcript = Transcript()
    async with (
        Upstream(transcript.server, http=http) as upstream,
        proxy(name, upstream, arguments) as running,
    ):
        for conversation in conversations:
            async with asyncio.timeout(PATIENCE):
                await conversation(f"127.0.0.1:{running.port}", transcript.client)
            await running.idle()
        await running.stop()
    transcript.printed = running.printed
    transcript.output = "\n".join(running.lines)
    for lines in (transcript.client, transcript.server, transcript.printed):
        lines[:] = [line.replace(str(running.port), "PROXY") for line in lines]
        lines[:] = [line.replace(upstream, "UPSTREAM") for line in lines]
    return transcript


async def through_both(
    arguments: Sequence[str], *conversations: Conversation, http: bool = False
) -> tuple[Transcript, Transcript]:
    """Have conversations through mitmdump and through wsproxy, both at once."""
    return await asyncio.gather(
        through("mitmdump", arguments, *conversations, http=http),
        through("wsproxy", arguments, *conversations, http=http),
    )


def addon(name: str) -> list[str]:
    return ["-s", str(ADDONS / f"{name}.py")]
