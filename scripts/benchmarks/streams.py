"""What the load sends: frames made once, before anything is measured."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from wsproxy.protocol.frames import make_frame

MASKING_KEY = b"\x01\x02\x03\x04"
CYCLE_BYTES = 64 * 1024
"""A cycle is at least as long: deflate's window never reaches over more than one."""


@dataclass(frozen=True)
class Shape:
    """One shape of traffic."""

    name: str
    size: int
    connections: int
    in_flight: int = 1
    """Messages on the way on each connection."""
    burst: bool = False
    """Peers write all that they have to send at once; otherwise message by message, as libraries do."""
    deflate: bool = False
    tls: str = ""
    """`client`: from the client to the proxy; `both`: to the server, too."""

    @property
    def title(self) -> str:
        kind = "deflate, JSON, " if self.deflate else ""
        bursts = " in bursts" if self.burst else ""
        tls = {"": "", "client": ", TLS to the proxy", "both": ", TLS on both sides"}[self.tls]
        return f"{kind}{_short(self.size)}, {self.connections} x {self.in_flight}{bursts}{tls}"


class Stream:
    """One direction of a connection: the same messages over and over, counted by their bytes."""

    def __init__(self, messages: list[bytes]) -> None:
        self._ends = list(accumulate(map(len, messages)))
        self._starts = [0, *self._ends[:-1]]
        self._cycle = self._ends[-1]
        self.messages = len(messages)
        # Twice, so that any messages in a row, up to a cycle of them, are one slice.
        self._bytes = memoryview(b"".join(messages) * 2)
        self._each = [self.part(number, 1) for number in range(self.messages)]

    def whole(self, received: int) -> int:
        """How many messages so many bytes hold."""
        cycles, rest = divmod(received, self._cycle)
        return cycles * self.messages + bisect_right(self._ends, rest)

    def one(self, number: int) -> memoryview:
        """The bytes of a message (counted from 0)."""
        return self._each[number % self.messages]

    def part(self, first: int, count: int) -> memoryview:
        """The bytes of some messages, at most a cycle of them, from one on (counted from 0)."""
        first %= self.messages
        last = first + count
        end = self._starts[last] if last < self.messages else 0
        if last >= self.messages:
            end = self._cycle + self._starts[last - self.messages]
        return self._bytes[self._starts[first] : end]


def streams(shape: Shape) -> tuple[Stream, Stream]:
    """What clients send (masked), and what the server answers (the same, unmasked)."""
    count = max(shape.in_flight, min(64, CYCLE_BYTES // shape.size), 2)
    if shape.deflate:
        # Each cycle begins with an empty window and never refers to what was before it: that is
        # a valid stream with context takeover (RFC 7692, 7.2.1), however often it is repeated.
        count = max(count, CYCLE_BYTES // shape.size)
        deflate = zlib.compressobj(wbits=-15)
        payloads = []
        for number in range(count):
            packed = deflate.compress(_json(shape.size, number))
            payloads.append((packed + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4])
    else:
        payloads = [_text(shape.size, number) for number in range(count)]
    rsv1 = shape.deflate
    masked = [
        make_frame(1, payload, rsv1=rsv1, masking_key=MASKING_KEY).wire for payload in payloads
    ]
    plain = [make_frame(1, payload, rsv1=rsv1).wire for payload in payloads]
    return Stream(masked), Stream(plain)


def _text(size: int, number: int) -> bytes:
    words = b"%d the quick brown fox jumps over the lazy dog; " % number
    return (words * (size // len(words) + 1))[:size]


def _json(size: int, number: int) -> bytes:
    """An object of about a size, as chat and market feeds send: same keys, other values."""
    entries: list[dict[str, object]] = []
    while len(json.dumps(entries)) < size - 60:
        value = (number * 7919 + len(entries) * 104_729) % 1_000_003
        entries.append({"id": value, "symbol": f"S{value % 97}", "price": value / 100})
    return json.dumps(entries).encode()


def _short(size: int) -> str:
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} B"
