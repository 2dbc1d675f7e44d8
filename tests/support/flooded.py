"""The real command under a flood, with another connection beside it that echoes all the time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.command import environment
from tests.support.framedecoder import FrameDecoder
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import accept_key

PATIENCE = 60.0
"""Seconds that anything may take before a test fails."""

_TOKEN = "flood"
_PIECE = 1 << 18
_REQUEST = (
    b"GET /sink HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
_DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


class Upstream:
    """Echoes at /echo; elsewhere it counts the bytes that come."""

    received = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)
            assert key
            deflate = _DEFLATE.decode() if "permessage-deflate" in head else ""
            answer = (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"{deflate}Sec-WebSocket-Accept: {accept_key(key[1])}\r\n\r\n"
            )
            writer.write(answer.encode())
            decoder = FrameDecoder()
            echo = head.startswith("GET /echo")
            while data := await reader.read(_PIECE):
                if not echo:
                    self.received += len(data)
                    continue
                for frame in decoder.feed(data):
                    writer.write(make_frame(frame.opcode, frame.payload).wire)
        writer.close()


class Flooded:
    """A running command, its upstream, and how long echoes on another connection took."""

    def __init__(
        self, process: asyncio.subprocess.Process, upstream: Upstream, port: int, page: str
    ) -> None:
        self.process = process
        self.upstream = upstream
        self.port = port
        self.slowest = 0.0
        """Seconds."""
        self.echoes = 0
        self._api = f"{page}api/v1"

    async def echo_all_the_time(self) -> None:
        """Until cancelled: send, wait for the echo, and note how long it took."""
        async with connect(f"ws://127.0.0.1:{self.port}/echo", compression=None) as client:
            while True:
                start = time.perf_counter()
                await client.send(str(self.echoes))
                assert await asyncio.wait_for(client.recv(), PATIENCE) == str(self.echoes)
                self.slowest = max(self.slowest, time.perf_counter() - start)
                self.echoes += 1
                await asyncio.sleep(0.005)

    async def more_echoes(self, count: int = 5) -> None:
        """Wait until so many more have come, so that one that still waits is counted."""
        wanted = self.echoes + count
        async with asyncio.timeout(PATIENCE):
            while self.echoes < wanted:
                await asyncio.sleep(0.01)

    async def flood(self, pieces: Iterable[bytes], *, deflate: bool = False) -> None:
        """Send bytes on a connection of its own; returns once the upstream has them all."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(_REQUEST + (_DEFLATE if deflate else b"") + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        size = 0
        for piece in pieces:
            size += len(piece)
            for place in range(0, len(piece), _PIECE):
                writer.write(piece[place : place + _PIECE])
                await writer.drain()
        async with asyncio.timeout(PATIENCE):
            while self.upstream.received < size:
                await asyncio.sleep(0.02)
        assert self.upstream.received == size
        writer.close()

    async def call(self, method: str, path: str, body: object) -> None:
        """Ask the API for something."""
        headers = {"X-Wsproxy-Token": _TOKEN}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self._api + path, json=body) as answer,
        ):
            answer.raise_for_status()

    @property
    def most_memory(self) -> int:
        """The most bytes that the command has held at a time."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    async def stop(self) -> float:
        """Interrupt it; returns how many seconds its end took."""
        start = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(self.process.wait(), PATIENCE)
        return time.perf_counter() - start


@contextlib.asynccontextmanager
async def flooded(capture: Path, *options: str) -> AsyncIterator[Flooded]:
    """Run the command in front of an upstream, with echoes on a connection all the time."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wsproxy", "run", url, "-q", "-p", "0", "--web-port", "0"),
        *("--web-token", _TOKEN, "--capture", str(capture), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        ready = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        found = None
        while found is None:  # behind what mitmproxy says of an addon
            page = (await asyncio.wait_for(process.stderr.readline(), PATIENCE)).decode()
            assert page
            found = re.match(r"page: (\S+/)\?token", page)
        port = int(ready.split()[3].rsplit(":", 1)[1])
        running = Flooded(process, upstream, port, found[1])
        other = asyncio.create_task(running.echo_all_the_time())
        try:
            await running.more_echoes()
            yield running
        finally:
            other.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await other
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        server.close()


def recorded(capture: Path) -> int:
    """How many frames of the flood the index of a capture has."""
    with contextlib.closing(sqlite3.connect(capture / "index.sqlite")) as index:
        (count,) = index.execute(
            "SELECT sum(frames_up) FROM connection_block JOIN connection"
            " ON connection.id = connection_id WHERE target = '/sink'"
        ).fetchone()
        return int(count or 0)


def left_out(capture: Path) -> int:
    """How many bytes there was no time for when the proxy stopped."""
    with contextlib.closing(sqlite3.connect(capture / "index.sqlite")) as index:
        (size,) = index.execute("SELECT coalesce(sum(bytes), 0) FROM left_out").fetchone()
        return int(size)


def trimmed(capture: Path) -> int:
    """How many frames had to go as the capture reached its limit."""
    with contextlib.closing(sqlite3.connect(capture / "index.sqlite")) as index:
        (count,) = index.execute(
            "SELECT coalesce(sum(frames), 0) FROM left_out WHERE why = 'capture limit'"
        ).fetchone()
        return int(count)


def on_disk(capture: Path) -> int:
    """How many bytes the files of a capture have, while some of them go."""
    size = 0
    for file in capture.iterdir():
        with contextlib.suppress(FileNotFoundError):
            size += file.stat().st_size
    return size
