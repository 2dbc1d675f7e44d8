"""Engine.IO over HTTP long-polling: several packets in one body.

https://github.com/socketio/engine.io-protocol, "HTTP long-polling", and of version 3 "Payload".
"""

from __future__ import annotations

from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.decoded import NotThisError

SEPARATOR = b"\x1e"

_MAX_DIGITS = 20


def split(body: bytes, version: str) -> list[tuple[bool, bytes]]:
    """The first MAX_PACKETS packets of a payload: whether each is text, and its bytes.

    `version` is that of Engine.IO, as in `EIO=4`. A packet at the end may be cut.
    Raises NotThisError.
    """
    if version != "3":
        return [(True, packet) for packet in body.split(SEPARATOR, MAX_PACKETS)[:MAX_PACKETS]]
    return _binary(body) if body[:1] in (b"\0", b"\1") else _text(body)


def _text(body: bytes) -> list[tuple[bool, bytes]]:
    """`<length>:<packet>...`, the length in characters."""
    found: list[tuple[bool, bytes]] = []
    text = body.decode(errors="replace")
    at = 0
    while at < len(text) and len(found) < MAX_PACKETS:
        colon = text.find(":", at, at + _MAX_DIGITS)
        digits = text[at:colon]
        if colon < 0 or not (digits.isascii() and digits.isdigit()):
            raise NotThisError("no payload of Engine.IO 3")
        at = colon + 1 + int(digits)
        found.append((True, text[colon + 1 : at].encode()))
    return found


def _binary(body: bytes) -> list[tuple[bool, bytes]]:
    """`<0 or 1><digits of the length, a byte each><255><packet>...`"""
    found: list[tuple[bool, bytes]] = []
    at = 0
    while at < len(body) and len(found) < MAX_PACKETS:
        end = body.find(b"\xff", at, at + _MAX_DIGITS)
        digits = body[at + 1 : end]
        if end < 0 or body[at] > 1 or not digits or max(digits) > 9:
            raise NotThisError("no payload of Engine.IO 3")
        length = int("".join(map(str, digits)))
        found.append((body[at] == 0, body[end + 1 : end + 1 + length]))
        at = end + 1 + length
    return found
