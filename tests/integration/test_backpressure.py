"""A peer that does not read stops the other one from sending, and the proxy's memory stays flat."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from itertools import repeat

import pytest

from tests.support.raw import TIMEOUT, Conn, both_loops
from tests.support.raw_bytes import MASKING_KEY, frame, lines
from tests.support.raw_child import Child, child
from wsproxy.protocol.frames import encode_header

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MIB = 1024 * 1024
TOTAL = 200 * MIB
"""What the sender wants to send."""

STOPPED = 64 * MIB
"""What it may have sent when it is stopped: the kernel's buffers, far from everything."""

FLAT = 48 * MIB
"""What the proxy may need above what it needs for nothing."""


class Sender:
    """Pushes a piece again and again, as fast as it is taken, until everything is sent."""

    def __init__(self, conn: Conn, piece: bytes, first: bytes = b"") -> None:
        self.sent = 0
        self.size = len(first) + TOTAL // len(piece) * len(piece)
        self._conn = conn
        self._first = first
        self._piece = piece
        self.digest = hashlib.sha256()
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        writer = self._conn.writer
        writer.transport.set_write_buffer_limits(high=0)
        for piece in (self._first, *repeat(self._piece, TOTAL // len(self._piece))):
            writer.write(piece)
            self.digest.update(piece)
            await writer.drain()
            self.sent += len(piece)

    async def stopped(self) -> None:
        """Wait until it makes no more progress."""
        seen, quiet = -1, 0
        async with asyncio.timeout(3 * TIMEOUT):
            while quiet < 20:
                quiet = quiet + 1 if self.sent == seen else 0
                seen = self.sent
                await asyncio.sleep(0.02)


async def check(stage: Child, idle: int, sender: Sender, receiver: Conn) -> None:
    """Nobody reads: the sender stops. Then everything is read: all of it arrives."""
    await sender.stopped()
    assert 0 < sender.sent < STOPPED
    assert stage.memory("VmHWM") - idle < FLAT
    digest, size = hashlib.sha256(), sender.size
    while size:
        async with asyncio.timeout(TIMEOUT):
            piece = await receiver.reader.read(min(size, MIB))
        assert piece
        digest.update(piece)
        size -= len(piece)
    await sender.task
    assert digest.digest() == sender.digest.digest()
    assert stage.memory("VmHWM") - idle < FLAT


@both_loops
@pytest.mark.parametrize("sender", ["client", "server"])
@pytest.mark.parametrize("what", ["many messages", "one message"])
async def test_websocket(loop_name: str, sender: str, what: str) -> None:
    async with child(loop_name, max_payload=1000) as stage:
        await stage.converse()
        idle = stage.memory("VmRSS")
        client, server = await stage.upgraded()
        speaker, listener = (client, server) if sender == "client" else (server, client)
        if what == "many messages":
            sending = Sender(speaker, frame(2, bytes(MIB // 4), mask=sender == "client"))
        else:
            key = MASKING_KEY if sender == "client" else None
            sending = Sender(speaker, bytes(MIB), encode_header(0x82, TOTAL, key))
        await check(stage, idle, sending, listener)
        # The other direction was never held up.
        await listener.send(frame(1, b"at last", mask=sender == "server"))
        assert await speaker.frame() == (0x81, b"at last")


@both_loops
async def test_large_download(loop_name: str) -> None:
    async with child(loop_name) as stage:
        await stage.converse()
        idle = stage.memory("VmRSS")
        client = await stage.connect()
        await client.send(lines("GET / HTTP/1.1", "Host: x"))
        server = await stage.accept()
        await server.head()
        await server.send(lines("HTTP/1.1 200 OK", f"Content-Length: {TOTAL}"))
        await client.head()
        await check(stage, idle, Sender(server, bytes(MIB)), client)


@both_loops
async def test_large_upload(loop_name: str) -> None:
    async with child(loop_name) as stage:
        await stage.converse()
        idle = stage.memory("VmRSS")
        client = await stage.connect()
        await client.send(lines("POST / HTTP/1.1", "Host: x", f"Content-Length: {TOTAL}"))
        sender = Sender(client, bytes(MIB))
        server = await stage.accept()
        await server.head()
        await check(stage, idle, sender, server)
