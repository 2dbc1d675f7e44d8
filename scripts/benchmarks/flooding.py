"""`python -m scripts.benchmarks.flooding PORT NAME`: one client that sends as much as it can."""

from __future__ import annotations

import selectors
import socket
import sys
import time
import zlib
from collections.abc import Callable

from scripts.benchmarks.streams import MASKING_KEY
from wsproxy.protocol.frames import make_frame

MILLION = 1_000_000
PIECE = 256 * 1024
_REQUEST = (
    b"GET /flood HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)


def _frame(opcode: int, payload: bytes = b"", **flags: bool) -> bytes:
    return make_frame(opcode, payload, masking_key=MASKING_KEY, **flags).wire


def _inflating() -> bytes:
    deflate = zlib.compressobj(9, wbits=-15)
    packed = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return _frame(2, packed[:-4], rsv1=True) * 3000


FLOODS: dict[str, Callable[[], bytes]] = {
    "a million 1-byte texts": lambda: _frame(1, b"a") * MILLION,
    "a million empty pings": lambda: _frame(9) * MILLION,
    "a million stray continuations": lambda: _frame(0, b"a") * MILLION,
    "a million reserved opcodes with RSV bits": lambda: (
        (b"\xf3\x81" + MASKING_KEY + b"a") * MILLION
    ),
    "a message of a million fragments": lambda: (
        _frame(1, b"a", fin=False) + _frame(0, b"b", fin=False) * MILLION + _frame(0, b"c")
    ),
    "3,000 messages that inflate to 1 MiB each": _inflating,
    "100 MB in messages of 4 KiB": lambda: _frame(2, bytes(4096)) * 256,
    "1 GiB in messages of 64 KiB": lambda: _frame(2, bytes(65536)) * 16,
}

REPEATED = {"1 GiB in messages of 64 KiB": 1024, "100 MB in messages of 4 KiB": 100}
"""How often the bytes are sent; once unless it stands here."""


TRIMMED = {"a million 1-byte texts": "8MB", "100 MB in messages of 4 KiB": "1MB"}
"""Those that are sent into a capture of a limited size."""


def main(port: int, name: str) -> None:
    wire = memoryview(FLOODS[name]())
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(_REQUEST)
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(65536)
    sock.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    print("flooding", flush=True)
    begin = time.perf_counter()
    for _ in range(REPEATED.get(name, 1)):
        at = 0
        while at < len(wire):
            for _, events in selector.select():
                if events & selectors.EVENT_READ and not sock.recv(PIECE):
                    sys.exit("the proxy has ended the connection")
                if events & selectors.EVENT_WRITE:
                    at += sock.send(wire[at : at + PIECE])
    print(f"{time.perf_counter() - begin:.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
