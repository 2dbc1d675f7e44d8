"""The load: an echo server and clients as lean as Python allows, so that the proxy between them
is what is measured. Both are processes of their own: `python -m scripts.benchmarks.load`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from typing import cast

import uvloop

from wsproxy.protocol.frames import FrameDecoder, encode_header, make_frame
from wsproxy.protocol.handshake import accept_key

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASKING_KEY = b"\x01\x02\x03\x04"


class EchoServer(asyncio.Protocol):
    """Answers the handshake, then every message with its own payload."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._head: bytes | None = b""
        self._decoder = FrameDecoder()

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            if b"\r\n\r\n" not in self._head:
                return
            head = self._head.decode("latin-1").lower()
            key = next(
                line.split(":", 1)[1].strip()
                for line in self._head.decode("latin-1").split("\r\n")
                if line.lower().startswith("sec-websocket-key:")
            )
            assert "upgrade: websocket" in head
            self._head = None
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept_key(key).encode()
                + b"\r\n\r\n"
            )
            return
        for frame in self._decoder.feed(data):
            first = 0x80 | frame.opcode
            self._transport.write(encode_header(first, frame.payload_length) + frame.payload)


class LoadClient(asyncio.Protocol):
    """Sends a message, waits for its echo, sends the next."""

    def __init__(self, port: int, size: int, latencies: list[float]) -> None:
        self._request = (
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        payload = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        self._message = make_frame(1, payload, masking_key=MASKING_KEY).wire
        self._expected = len(make_frame(1, payload).wire)
        self._got = 0
        self._latencies = latencies
        self._sent = 0.0
        self.round_trips = 0
        self.running = False
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            assert data.startswith(b"HTTP/1.1 101"), data
            self.ready.set_result(None)
            return
        self._got += len(data)
        if self._got >= self._expected:
            self._got -= self._expected
            self.round_trips += 1
            self._latencies.append(time.perf_counter() - self._sent)
            if self.running:
                self.send()

    def send(self) -> None:
        self._sent = time.perf_counter()
        self.transport.write(self._message)


async def serve() -> None:
    """Run the echo server until killed; prints its port."""
    server = await asyncio.get_running_loop().create_server(EchoServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def load(
    port: int, connections: int, size: int, seconds: float, *, silent: bool = False
) -> None:
    """Load a port and print what came of it, as JSON; `silent` only opens connections."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: LoadClient(port, size, latencies), "127.0.0.1", port
        )
        await asyncio.wait_for(client.ready, 10)
        clients.append(client)
    print("ready", flush=True)
    start = time.perf_counter()
    for client in clients:
        client.running = not silent
        if not silent:
            client.send()
    await asyncio.sleep(seconds)
    for client in clients:
        client.running = False
    elapsed = time.perf_counter() - start
    done = sum(client.round_trips for client in clients)
    for client in clients:
        client.transport.abort()
    latencies.sort()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result = {
        "round_trips": done,
        "seconds": elapsed,
        "median_ms": latencies[len(latencies) // 2] * 1000 if latencies else None,
        "cpu": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["serve", "load"])
    parser.add_argument("--port", type=int)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--silent", action="store_true")
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if args.role == "serve":
            runner.run(serve())
        else:
            runner.run(
                load(args.port, args.connections, args.size, args.seconds, silent=args.silent)
            )


if __name__ == "__main__":
    main()
