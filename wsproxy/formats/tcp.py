"""TCP/IP packets that were never on a wire: what a capture's bytes look like to Wireshark.

RFC 9293 (TCP), RFC 791 (IPv4), RFC 8200 (IPv6). Sequence numbers, acknowledgements and checksums
are right; there are no acknowledgements without data, and the windows are as wide as can be, so
that nobody misses any.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from struct import pack

from wsproxy.model.records import Direction

Address = IPv4Address | IPv6Address
Endpoint = tuple[Address, int]

MAX_SEGMENT = 65_000
"""Bytes of TCP payload in a packet; an IPv4 packet has 65,535 bytes at most."""

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

_TCP = 6
_WINDOW = 0xFFFF
# Maximum segment size, no-operation, window scale 14: RFC 9293, section 3.2, and RFC 7323.
_SYN_OPTIONS = pack("!BBHBBBB", 2, 4, 65_495, 1, 3, 3, 14)


class Stream:
    """A TCP connection between two endpoints, from its first packet to its last."""

    def __init__(self, client: Endpoint, server: Endpoint, number: int) -> None:
        """`number` tells it from another one between the same endpoints, at another time."""
        self._ends = (client, server)
        if client[0].version != server[0].version:
            raise ValueError(f"{client[0]} and {server[0]} are of two versions of IP")
        first = number * 2_654_435_761  # far from each other
        self._next = [first & 0xFFFFFFFF, first + 0x10000000 & 0xFFFFFFFF]

    def open(self) -> Iterator[bytes]:
        """The three packets that begin it."""
        up, down = Direction.UPSTREAM, Direction.DOWNSTREAM
        yield self._packet(up, SYN, options=_SYN_OPTIONS)
        self._next[up] += 1
        yield self._packet(down, SYN | ACK, options=_SYN_OPTIONS)
        self._next[down] += 1
        yield self._packet(up, ACK)

    def send(self, direction: Direction, data: bytes) -> Iterator[bytes]:
        """The packets that carry `data`."""
        for start in range(0, len(data), MAX_SEGMENT):
            part = data[start : start + MAX_SEGMENT]
            last = start + MAX_SEGMENT >= len(data)
            yield self._packet(direction, ACK | PSH if last else ACK, part)
            self._next[direction] = (self._next[direction] + len(part)) & 0xFFFFFFFF

    def acknowledge(self, direction: Direction) -> bytes:
        """A packet without data."""
        return self._packet(direction, ACK)

    def close(self, first: Direction) -> Iterator[bytes]:
        """The packets that end it in peace; `first` is the direction of the first FIN."""
        for direction in (first, first.other):
            yield self._packet(direction, FIN | ACK)
            self._next[direction] += 1
        yield self._packet(first, ACK)

    def reset(self, direction: Direction) -> bytes:
        """The packet that breaks it off."""
        return self._packet(direction, RST | ACK)

    def _packet(
        self, direction: Direction, flags: int, data: bytes = b"", options: bytes = b""
    ) -> bytes:
        (source, source_port), (target, target_port) = (
            self._ends[direction],
            self._ends[1 - direction],
        )
        offset = 20 + len(options)
        acknowledged = self._next[1 - direction] if flags & ACK else 0
        head = pack(
            "!HHIIBBH",
            source_port,
            target_port,
            self._next[direction] & 0xFFFFFFFF,
            acknowledged & 0xFFFFFFFF,
            offset << 2,
            flags,
            _WINDOW,
        )
        size = offset + len(data)
        pseudo = source.packed + target.packed + pack("!II", size, _TCP)
        body = options + data
        sum_ = checksum(pseudo + head + b"\0\0\0\0" + body)
        segment = head + pack("!HH", sum_, 0) + body
        if source.version == 6:
            start = pack("!IHBB", 6 << 28, size, _TCP, 64)
            return start + source.packed + target.packed + segment
        start = pack("!BBHHHBB", 0x45, 0, 20 + size, 0, 0x4000, 64, _TCP)
        ends = source.packed + target.packed
        return start + pack("!H", checksum(start + b"\0\0" + ends)) + ends + segment


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) & 1:
        data += b"\0"
    # Sums of 16-bit words with the carry added are remainders modulo 65,535.
    total = int.from_bytes(data, "big") % 0xFFFF
    return 0xFFFF - total
