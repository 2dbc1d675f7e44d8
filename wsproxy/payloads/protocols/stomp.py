"""STOMP 1.0, 1.1 and 1.2.

Sections are those of https://stomp.github.io/stomp-specification-1.2.html
"""

from __future__ import annotations

import re
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.cutter import Cutter, LostError, Packet
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    Sure,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.lines import data
from wsproxy.payloads.partial import partial, said_of

_COMMAND = re.compile(rb"[A-Z]{2,12}\r?\n")
_LENGTH = re.compile(rb"\ncontent-length: *(\d{1,12})\r?\n")
_FIRST = re.compile(rb"(?:CONNECT|STOMP)\r?\n")
_ESCAPES = {"\\r": "\r", "\\n": "\n", "\\c": ":", "\\\\": "\\"}
_MAX_HEADERS = 200


class Stomp(Decoder):
    """A message may hold several frames, or a part of one (clients split large frames)."""

    name = "stomp"
    subprotocols = ("v10.stomp", "v11.stomp", "v12.stomp", "stomp")

    def __init__(self, facts: Facts) -> None:
        self._version = {"v10.stomp": "1.0", "v11.stomp": "1.1"}.get(facts.subprotocol or "", "1.2")
        self._cutters = {each: Cutter(_measure) for each in Direction}

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = _FIRST.match(payload.content)
        return Sure.SURE if first and payload.direction is Direction.UPSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        cutter = self._cutters[payload.direction]
        content = payload.content
        # Frames may be followed by any number of EOLs ("STOMP Frames"), and a heart-beat is one
        # ("Heart-beating"); inside of a frame they are content.
        beats = not cutter.pending and not content.strip(b"\r\n")
        if beats and content:
            return [decoded(self.name, "heartbeat", "", None)]
        packets = cutter.feed(content, payload.missing)
        found, lost = said_of(
            self.name,
            (packet for packet in packets if packet.content.strip(b"\r\n")),
            lambda packet: self._frame(packet, payload.direction),
        )
        if lost:
            return found or None
        if cutter.pending and cutter.head.strip(b"\r\n"):
            command = cutter.head.split(b"\n", 1)[0].strip().decode(errors="replace")
            found += partial(self.name, command[:12], cutter)
        return found

    def _frame(self, packet: Packet, direction: Direction) -> Decoded:
        end, body_at = _head_end(packet.content, 0)
        lines = packet.content[:end].decode(errors="replace").split("\n")
        command = lines[0].rstrip("\r")
        headers = self._headers(command, lines[1 : _MAX_HEADERS + 1])
        length = packet.length - body_at - 1  # NUL ends a frame
        body = packet.content[body_at:] if packet.cut else packet.content[body_at:-1]
        self._agree(command, headers)
        pieces = [*_named(command, headers)]
        if length > 0:
            pieces.append(data(body, length))
        value: dict[str, Any] = {"command": command, "headers": headers}
        if length > 0:
            value |= {"body": body, "length": length}
        pair = _pair(command, headers, direction)
        return decoded(self.name, command, " ".join(pieces), value, pair)

    def _agree(self, command: str, headers: dict[str, str]) -> None:
        # "Protocol Negotiation": without a version in CONNECTED it is 1.0.
        if command == "CONNECTED":
            self._version = headers.get("version", "1.0")

    def _headers(self, command: str, lines: list[str]) -> dict[str, str]:
        headers: dict[str, str] = {}
        # "Value Encoding": 1.0 has none, and CONNECT and CONNECTED have none for its sake.
        escaped = self._version != "1.0" and command not in {"CONNECT", "CONNECTED"}
        for line in lines:
            name, colon, value = line.rstrip("\r").partition(":")
            if not colon:
                continue
            if escaped:
                name, value = _unescape(name), _unescape(value)
            elif self._version == "1.0":
                value = value.strip()
            # "Repeated Header Entries": the first is taken.
            headers.setdefault(name, value)
        return headers


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\[rnc\\]", lambda found: _ESCAPES[found[0]], text)


def _named(command: str, headers: dict[str, str]) -> list[str]:
    """What tells one frame of a command from another."""
    if command in {"RECEIPT", "ERROR"}:
        words = [headers.get("receipt-id"), headers.get("message")]
    elif command in {"CONNECT", "STOMP"}:
        words = [headers.get("host"), headers.get("login"), _versions(headers)]
    elif command == "CONNECTED":
        words = [_versions(headers), headers.get("server")]
    else:
        words = [
            headers.get("destination"),
            headers.get("subscription"),
            headers.get("id") or headers.get("message-id", "") * (command in {"ACK", "NACK"}),
            headers.get("transaction"),
        ]
    receipt = headers.get("receipt")
    return [word for word in words if word] + ([f"receipt={receipt}"] if receipt else [])


def _versions(headers: dict[str, str]) -> str:
    version = headers.get("accept-version") or headers.get("version", "1.0")
    beat = headers.get("heart-beat", "")
    return f"v{version}" + (f" heart-beat={beat}" if beat else "")


def _pair(command: str, headers: dict[str, str], direction: Direction) -> Pair | None:
    asker = Direction.UPSTREAM
    if command in {"CONNECT", "STOMP"}:
        return request("connect", asker)
    if command == "CONNECTED":
        return answer("connect", asker)
    receipt = headers.get("receipt")
    if receipt and direction is asker:  # "Header receipt"
        return request(f"receipt {receipt}", asker)
    answered = headers.get("receipt-id")
    if answered and command in {"RECEIPT", "ERROR"}:
        return answer(f"receipt {answered}", asker)
    return None


def _head_end(content: bytes, at: int) -> tuple[int, int]:
    """Offsets where the headers end and where the body begins; -1 if that has not come."""
    lf = content.find(b"\n\n", at)
    # Only up to there, lest many frames in one message are searched to its end each.
    crlf = content.find(b"\n\r\n", at, lf if lf >= 0 else len(content))
    if crlf >= 0:
        return crlf, crlf + 3
    return (lf, lf + 2) if lf >= 0 else (-1, -1)


def _measure(content: bytes, at: int) -> int | bytes | None:
    if content[at] in b"\r\n":
        return 1
    if not _COMMAND.match(content, at):
        if len(content) - at < 14 and content[at:].rstrip(b"\r").isalpha():
            return None
        raise LostError("no command")
    end, body_at = _head_end(content, at)
    if end < 0:
        return None
    length = _LENGTH.search(content, at, end + 2)
    if length:  # "Body": the length is that of the body, NUL comes after it
        return body_at - at + int(length[1]) + 1
    return b"\0"
