"""Whatever one peer sends, and however much of it: the others go on, and all of it is recorded.

Each flood goes through the real command. What is bounded is memory, counts and order; the times
are generous, against freezes: `scripts/bench` measures how long others wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import sys
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wsproxy.protocol.frames import FrameDecoder, make_frame
from wsproxy.protocol.handshake import accept_key

MEMORY = 300e6
FREEZE = 3.0
"""Seconds that an echo on another connection may take, on a machine that does much else."""
TO_STOP = 5.0
MASK = b"\x01\x02\x03\x04"
MANY = 1_000_000


class Upstream:
    """Echoes at /echo; elsewhere it counts the bytes that come."""

    received = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)
            assert key
            deflate = (
                "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                if "permessage-deflate" in head
                else ""
            )
            answer = (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"{deflate}Sec-WebSocket-Accept: {accept_key(key[1])}\r\n\r\n"
            )
            writer.write(answer.encode())
            decoder = FrameDecoder()
            echo = head.startswith("GET /echo")
            while data := await reader.read(1 << 18):
                if not echo:
                    self.received += len(data)
                    continue
                for frame in decoder.feed(data):
                    writer.write(make_frame(frame.opcode, frame.payload).wire)
        writer.close()


class Flooded:
    """A running command, its upstream, and how long echoes on another connection took."""

    def __init__(self, process: asyncio.subprocess.Process, upstream: Upstream, port: int) -> None:
        self.process = process
        self.upstream = upstream
        self.port = port
        self.slowest = 0.0
        self.echoes = 0

    async def echo_all_the_time(self) -> None:
        async with connect(f"ws://127.0.0.1:{self.port}/echo", compression=None) as client:
            while True:
                start = time.perf_counter()
                await client.send(str(self.echoes))
                assert await asyncio.wait_for(client.recv(), 60) == str(self.echoes)
                self.slowest = max(self.slowest, time.perf_counter() - start)
                self.echoes += 1
                await asyncio.sleep(0.005)

    async def more_echoes(self, count: int = 5) -> None:
        """Wait until so many more have come, so that one that still waits is counted."""
        wanted = self.echoes + count
        async with asyncio.timeout(60):
            while self.echoes < wanted:
                await asyncio.sleep(0.01)

    async def flood(self, wire: bytes, *, times: int = 1, deflate: bool = False) -> None:
        """Send bytes on a connection of its own; returns once the upstream has them all."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else ""
        writer.write(
            f"GET /sink HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"{extension}\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        for _ in range(times):
            for place in range(0, len(wire), 1 << 18):
                writer.write(wire[place : place + (1 << 18)])
                await writer.drain()
        async with asyncio.timeout(60):
            while self.upstream.received < len(wire) * times:
                await asyncio.sleep(0.02)
        assert self.upstream.received == len(wire) * times
        writer.close()

    @property
    def most_memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    async def stop(self) -> float:
        """Interrupt it; returns how many seconds its end took."""
        start = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(self.process.wait(), 30)
        return time.perf_counter() - start


@contextlib.asynccontextmanager
async def running(capture: Path, *options: str) -> AsyncIterator[Flooded]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wsproxy", "run", url, "-q", "-p", "0", "--web-port", "0"),
        *("--capture", str(capture), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert process.stdout is not None
    ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    try:
        flooded = Flooded(process, upstream, int(ready.split()[3].rsplit(":", 1)[1]))
        other = asyncio.create_task(flooded.echo_all_the_time())
        try:
            await flooded.more_echoes()
            yield flooded
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


def fragments(count: int) -> bytes:
    first = make_frame(1, b"a", fin=False, masking_key=MASK).wire
    middle = make_frame(0, b"b", fin=False, masking_key=MASK).wire
    return first + middle * (count - 2) + make_frame(0, b"c", masking_key=MASK).wire


REPEATED = {
    "1-byte texts": make_frame(1, b"a", masking_key=MASK).wire,
    "stray continuations": make_frame(0, b"a", masking_key=MASK).wire,
    "empty pings": make_frame(9, b"", masking_key=MASK).wire,
}
FLOODS = {name: frame * MANY for name, frame in REPEATED.items()}
FLOODS["one message of a million fragments"] = fragments(MANY)


async def check(flooded: Flooded, capture: Path, frames: int, *, at_once: bool = False) -> None:
    """What holds after each flood; `at_once`: it is stopped before all is decoded."""
    await flooded.more_echoes()
    if not at_once:
        async with asyncio.timeout(60):
            while recorded(capture) < frames:
                await asyncio.sleep(0.1)
    assert flooded.slowest < FREEZE, f"another connection waited for {flooded.slowest:.1f} s"
    assert flooded.most_memory < MEMORY, f"it took {flooded.most_memory / 1e6:.0f} MB"
    assert await flooded.stop() < TO_STOP
    assert flooded.process.returncode == 0
    # One more: the Close frame that the proxy sends where it ends a connection.
    assert frames <= recorded(capture) <= frames + 1


@pytest.mark.parametrize("name", FLOODS)
async def test_a_million_frames(name: str, tmp_path: Path) -> None:
    capture = tmp_path / "flood.wsproxy"
    async with running(capture) as flooded:
        await flooded.flood(FLOODS[name])
        await check(flooded, capture, MANY)


async def test_stopping_amid_a_flood(tmp_path: Path) -> None:
    capture = tmp_path / "flood.wsproxy"
    async with running(capture) as flooded:
        await flooded.flood(FLOODS["empty pings"])
        await check(flooded, capture, MANY, at_once=True)


async def test_compressed_messages_that_inflate_to_a_mebibyte_each(tmp_path: Path) -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    packed = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    wire = make_frame(2, packed[:-4], rsv1=True, masking_key=MASK).wire
    capture = tmp_path / "flood.wsproxy"
    # All of the contents would outgrow the capture's limit, and the oldest would be dropped.
    async with running(capture, "--max-payload", "64KiB") as flooded:
        await flooded.flood(wire, times=3000, deflate=True)
        await check(flooded, capture, 3000)


async def test_a_message_of_a_gibibyte_under_latency(tmp_path: Path) -> None:
    size = 1 << 30
    header = bytes([0x82, 0xFF]) + size.to_bytes(8, "big") + bytes(4)
    capture = tmp_path / "flood.wsproxy"
    async with running(capture, "--fault", "latency:latency=1ms") as flooded:
        piece = bytes(1 << 20)
        reader, writer = await asyncio.open_connection("127.0.0.1", flooded.port)
        writer.write(
            b"GET /sink HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(header)
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(60):
            while flooded.upstream.received < size:
                await asyncio.sleep(0.05)
        writer.close()
        await check(flooded, capture, 1)
