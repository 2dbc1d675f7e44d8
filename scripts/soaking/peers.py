"""Peers that talk at random, leave in every way there is, and count the frames they sent.

How much of what was sent must have been recorded depends on how a connection ended: after Close or
FIN all of it; after a reset what was still under way may be lost, but not what the other side got.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
from dataclasses import dataclass, field

from wsproxy.protocol.frames import make_frame, parse_header
from wsproxy.protocol.handshake import accept_key

MASK = b"\x11\x22\x33\x44"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PATIENCE = 30.0
"""Seconds that any peer waits for anything."""


@dataclass
class Counted:
    """One direction of a connection, in frames."""

    sent: int = 0
    """By the peer that sends; a frame that was cut off counts."""
    received: int = 0
    """By the other one; only whole frames."""
    sure: bool = False
    """Whether all that was sent must have arrived."""

    @property
    def least(self) -> int:
        return self.sent if self.sure else self.received


@dataclass
class Talk:
    """One connection: up is what the client sends."""

    number: int
    ending: str = ""
    up: Counted = field(default_factory=Counted)
    down: Counted = field(default_factory=Counted)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """The server is done with it."""


class FrameCounter:
    """Counts whole frames in a stream of bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[int]:
        """The opcodes of the frames that have become whole."""
        data = self._rest + data
        pos = 0
        found = []
        while (head := parse_header(data, pos)) is not None:
            length, size = head
            if pos + size + length > len(data):
                break
            found.append(data[pos] & 15)
            pos += size + length
        self._rest = data[pos:]
        return found


def some_frames(dice: random.Random, mask: bytes | None) -> list[bytes]:
    """A few messages and control frames, as applications send them."""
    frames: list[bytes] = []
    for _ in range(dice.choice((1, 1, 2, 5, 30))):
        size = dice.choice((0, 1, 20, 120, 126, 700, 4000, 70_000 if dice.random() < 0.05 else 2))
        text = (b"soak %d " % size * (size // 6 + 1))[:size]
        kind = dice.random()
        if kind < 0.1:
            frames.append(make_frame(dice.choice((9, 10)), text[:100], masking_key=mask).wire)
        elif kind < 0.2:
            cut = size // 3
            frames.append(make_frame(1, text[:cut], fin=False, masking_key=mask).wire)
            frames.append(make_frame(9, b"between", masking_key=mask).wire)
            frames.append(make_frame(0, text[cut:], masking_key=mask).wire)
        else:
            frames.append(make_frame(dice.choice((1, 2)), text, masking_key=mask).wire)
    return frames


async def serve(
    talks: dict[int, Talk], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """The server's side: answers at random, and Close with Close."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    found = re.match(r"GET /soak/(\d+) ", head)
    key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)
    assert found
    assert key
    talk = talks[int(found[1])]
    dice = random.Random(f"server {talk.number}")  # noqa: S311 - no secret
    try:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key[1]).encode() + b"\r\n\r\n"
        )
        counter = FrameCounter()
        while data := await reader.read(65536):
            opcodes = counter.feed(data)
            talk.up.received += len(opcodes)
            if 8 in opcodes:
                await _send(writer, [make_frame(8, b"\x03\xe8").wire], talk.down)
                # The client reads on until its end: all of it has arrived.
                talk.down.sure = True
                break
            await _send(writer, some_frames(dice, None), talk.down)
            if talk.ending == "server resets" and dice.random() < 0.2:
                reset(writer)
                return
    except (ConnectionError, TimeoutError):
        pass
    finally:
        with contextlib.suppress(ConnectionError, TimeoutError):
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), PATIENCE)
        talk.closed.set()


ENDINGS = ("close", "close", "fin", "fin in a frame", "reset", "reset in a frame", "server resets")


async def talk_to(port: int, talk: Talk, dice: random.Random) -> None:
    """The client's side: a few bursts, then one of ENDINGS."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /soak/{talk.number} HTTP/1.1\r\nHost: soak.test\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    listening = asyncio.create_task(_listen(reader, talk.down))
    try:
        for _ in range(dice.choice((1, 3, 10, 40))):
            await _send(writer, some_frames(dice, MASK), talk.up)
            await asyncio.sleep(dice.random() * 0.03)
        if talk.ending.endswith("in a frame"):
            writer.write(
                make_frame(2, bytes(5000), masking_key=MASK).wire[: dice.choice((1, 6, 900))]
            )
            talk.up.sent += 1
        if "reset" in talk.ending and not talk.ending.startswith("server"):
            reset(writer)
            return
        if talk.ending.startswith("fin"):
            writer.write_eof()
            talk.up.sure = True
        else:  # also where the server has not reset it in time
            await _send(writer, [make_frame(8, b"\x03\xe8", masking_key=MASK).wire], talk.up)
            talk.up.sure = talk.ending == "close"
        try:
            await asyncio.wait_for(listening, PATIENCE)
        except TimeoutError:
            raise TimeoutError(f"the proxy does not end this connection: {talk}") from None
    except ConnectionError:
        talk.up.sure = False
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await listening
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection off with a TCP reset."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, frames: list[bytes], counted: Counted) -> None:
    counted.sent += len(frames)
    writer.write(b"".join(frames))
    async with asyncio.timeout(PATIENCE):
        await writer.drain()


async def _listen(reader: asyncio.StreamReader, counted: Counted) -> None:
    counter = FrameCounter()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            counted.received += len(counter.feed(data))
