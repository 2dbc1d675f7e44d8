"""`python -m scripts.benchmarks.pacing SECONDS`: traffic at a rate, for the page to follow."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time

from scripts.benchmarks.streams import MASKING_KEY
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import accept_key

TICK_SECONDS = 0.005


async def main(seconds: float) -> None:
    """Client and server of a connection, both of which send at a rate and read all that comes.

    Says the server's port; then, for each line with a port and a rate (messages a second, both
    directions together), how long it took to send for `seconds`.
    """
    closing = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        key = re.search(r"(?i)sec-websocket-key: *(\S+)", head)
        assert key is not None
        accept = accept_key(key[1])
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept.encode()
        )
        reading = asyncio.create_task(_drain(reader))
        await _pace(writer, rate, seconds, None)
        await closing.wait()
        reading.cancel()
        writer.close()

    rate = 0
    server = await asyncio.start_server(served, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        port, asked = map(int, line.split())
        rate = asked // 2
        closing.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        reading = asyncio.create_task(_drain(reader))
        start = time.perf_counter()
        await _pace(writer, rate, seconds, MASKING_KEY)
        print(time.perf_counter() - start, flush=True)
        closing.set()
        await reading
        writer.close()


async def _pace(writer: asyncio.StreamWriter, rate: int, seconds: float, key: bytes | None) -> None:
    start = time.perf_counter()
    sent = 0
    while (passed := time.perf_counter() - start) < seconds:
        due = int(passed * rate)
        writer.write(
            b"".join(
                make_frame(1, b'{"id": %d, "price": %d}' % (n, n % 997), masking_key=key).wire
                for n in range(sent, due)
            )
        )
        sent = due
        await writer.drain()
        await asyncio.sleep(TICK_SECONDS)


async def _drain(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(1 << 16):
            pass


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
