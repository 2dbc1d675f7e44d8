"""The blocks of a pcapng file (draft-ietf-opsawg-pcapng), as far as an export has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import pack

from wsproxy.formats.tcp import Address

RAW_IP = 101
"""LINKTYPE_RAW: packets begin with their IPv4 or IPv6 header."""

MAX_OPTION = 65_000
"""Bytes of an option; its length has 16 bits."""

_COMMENT = 1
_Option = tuple[int, bytes]


def section_header(application: str) -> bytes:
    """The block that begins a file."""
    body = pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    return _block(0x0A0D0D0A, body, [(4, application.encode())])


def interface(name: str, description: str) -> bytes:
    """An interface; times of its packets are in microseconds."""
    options = [(2, name.encode()), (3, description.encode()), (9, b"\x06")]
    return _block(1, pack("<HHI", RAW_IP, 0, 0), options)


def names(addresses: dict[Address, str]) -> bytes:
    """What addresses are called."""
    body = b""
    for address, name in addresses.items():
        value = address.packed + name.encode("utf-8", "replace") + b"\0"
        body += pack("<HH", 1 if address.version == 4 else 2, len(value)) + _padded(value)
    return _block(4, body + pack("<HH", 0, 0), [])


def packet(
    interface: int,
    time: float,
    data: bytes,
    comments: Sequence[str] = (),
    packet_id: int | None = None,
) -> bytes:
    """An enhanced packet block; packets with the same `packet_id` belong together."""
    options: list[_Option] = [
        (_COMMENT, comment.encode("utf-8", "replace")[:MAX_OPTION]) for comment in comments
    ]
    if packet_id is not None:
        options.append((5, pack("<Q", packet_id)))
    moment = max(round(time * 1_000_000), 0)
    head = pack(
        "<IIIII", interface, moment >> 32 & 0xFFFFFFFF, moment & 0xFFFFFFFF, len(data), len(data)
    )
    return _block(6, head + _padded(data), options)


def _block(kind: int, body: bytes, options: Iterable[_Option]) -> bytes:
    parts = [pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    if parts:
        parts.append(pack("<HH", 0, 0))
    size = 12 + len(body) + sum(map(len, parts))
    return b"".join((pack("<II", kind, size), body, *parts, pack("<I", size)))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
