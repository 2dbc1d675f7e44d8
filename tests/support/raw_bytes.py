"""What raw peers send, byte by byte."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import NamedTuple, Self

KEY = base64.b64encode(b"sixteen bytes...").decode()


ACCEPT = base64.b64encode(
    hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
).decode()


HOP = ("connection", "keep-alive", "transfer-encoding", "upgrade")


class Head(NamedTuple):
    """The first line and the header fields of a request or an answer, byte for byte (latin-1)."""

    start: str
    fields: list[tuple[str, str]]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        start, *rest = data.decode("latin-1").split("\r\n")
        return cls(start, [(k, v.strip()) for k, _, v in (line.partition(":") for line in rest)])

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def end_to_end(self) -> list[tuple[str, str]]:
        """The fields less those that each hop makes for itself, in order."""
        return [(key, value) for key, value in self.fields if key.lower() not in HOP]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])


def lines(*all_lines: str) -> bytes:
    """Lines and a blank one, as HTTP has them."""
    return "".join(f"{line}\r\n" for line in (*all_lines, "")).encode("latin-1")


def upgrade(target: str = "/", *fields: str, host: str = "proxy.test") -> bytes:
    """A client's opening handshake."""
    return lines(
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *fields,
        "Connection: Upgrade",
        "Upgrade: websocket",
    )


def switching(*fields: str) -> bytes:
    """A server's answer to it."""
    return lines(
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {ACCEPT}",
        *fields,
    )


MASKING_KEY = bytes.fromhex("37fa213d")


def frame(opcode: int, payload: bytes, *, mask: bool = False, first: int = 0x80) -> bytes:
    """A frame in good order; `first` has FIN and the reserved bits."""
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        header = bytes((first | opcode, bit | size))
    elif size < 65536:
        header = struct.pack("!BBH", first | opcode, bit | 126, size)
    else:
        header = struct.pack("!BBQ", first | opcode, bit | 127, size)
    if not mask:
        return header + payload
    key = (MASKING_KEY * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return header + MASKING_KEY + masked.to_bytes(size, "big")


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks (RFC 9112, section 7.1), with its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))
