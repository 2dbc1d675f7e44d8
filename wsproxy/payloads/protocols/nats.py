"""NATS' client protocol.

https://docs.nats.io/reference/reference-protocols/nats-protocol
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
    Remembered,
    Sure,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief, data
from wsproxy.payloads.partial import in_packets

_OPERATION = re.compile(
    rb"(?:INFO|CONNECT|H?PUB|SUB|UNSUB|H?MSG|PING|PONG|\+OK|-ERR)(?=[ \t\r])", re.IGNORECASE
)
_WITH_PAYLOAD = {"PUB", "HPUB", "MSG", "HMSG"}
_LONGEST_NAME = 8
_MAX_LINE = 16 * 1024
"""Bytes; the server's own bound is 4 KiB (`max_control_line`)."""
_SECRETS = {"pass", "auth_token", "jwt", "sig", "nkey"}


class Nats(Decoder):
    """One message may hold several commands, and one command span messages."""

    name = "nats"
    subprotocols = ("nats",)

    def __init__(self, facts: Facts) -> None:
        self._cutters = {each: Cutter(_measure) for each in Direction}
        self._replies: dict[Direction, Remembered[None]] = {
            each: Remembered() for each in Direction
        }

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = payload.content[:6].upper() == b"INFO {"
        return Sure.SURE if first and payload.direction is Direction.DOWNSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        return in_packets(
            self.name,
            self._cutters[payload.direction],
            payload,
            lambda packet: self._command(packet, payload.direction),
            _begun,
        )

    def _command(self, packet: Packet, direction: Direction) -> Decoded:
        line, _, body = packet.content.partition(b"\r\n")
        words = line.decode(errors="replace").split(None, 1)
        kind = words[0].upper()
        rest = words[1] if len(words) > 1 else ""
        arguments = rest.split()[:8]
        value: dict[str, Any] = {"command": kind}
        pair: Pair | None = None
        if kind in _WITH_PAYLOAD:
            rest, pair = self._payload(kind, arguments, body, value, direction)
        elif kind in {"INFO", "CONNECT"}:
            value["options"] = options = _options(rest)
            shown = ("server_name", "version", "name", "lang", "user")
            rest = brief({key: options[key] for key in shown if key in options})
        elif kind == "SUB":
            # SUB <subject> [queue group] <sid>
            value |= {"subject": arguments[0], "sid": arguments[-1]} if arguments else {}
            group = [f"queue={arguments[1]}"] if len(arguments) > 2 else []
            rest = " ".join([*arguments[:1], *group, *(f"sid={sid}" for sid in arguments[-1:])])
        elif kind == "UNSUB":
            value["sid"] = arguments[0] if arguments else ""
            rest = " ".join(["sid=" + value["sid"], *(f"max={most}" for most in arguments[1:2])])
        elif kind == "PING":
            pair = request("ping", direction)
        elif kind == "PONG":
            pair = answer("ping", direction.other)
        elif rest:
            value["text"] = rest
        return decoded(self.name, kind, rest, value, pair)

    def _payload(
        self,
        kind: str,
        arguments: list[str],
        body: bytes,
        value: dict[str, Any],
        direction: Direction,
    ) -> tuple[str, Pair | None]:
        # PUB <subject> [reply-to] <#bytes>; HPUB <subject> [reply-to] <#header> <#total>;
        # MSG <subject> <sid> [reply-to] <#bytes>; HMSG <subject> <sid> [reply-to] <#h> <#total>
        sizes = 2 if kind[0] == "H" else 1
        names, numbers = arguments[:-sizes], arguments[-sizes:]
        length = int(numbers[-1])
        subject = names.pop(0)
        value["subject"] = subject
        pieces = [subject]
        if kind.endswith("MSG"):
            value["sid"] = names.pop(0)
            pieces.append(f"sid={value['sid']}")
        reply = names[0] if names else None
        if reply:
            value["reply_to"] = reply
        body = body[:length]
        if sizes == 2:
            headers = int(numbers[0])
            value["headers"] = body[:headers].decode(errors="replace").strip()
            body, length = body[headers:], length - headers
        value |= {"content": body, "length": length}
        pieces.append(data(body, length))
        if reply:  # which is long, and tells people least
            pieces.append(f"reply={reply}")
        return " ".join(pieces), self._pair(subject, reply, direction)

    def _pair(self, subject: str, reply: str | None, direction: Direction) -> Pair | None:
        if reply:
            self._replies[direction].keep(reply, None)
            return request(reply, direction)
        # An answer goes to the subject that the request named; there may be several.
        if subject in self._replies[direction.other]:
            return answer(subject, direction.other)
        return None


def _options(rest: str) -> dict[str, Any]:
    try:
        options = parse(rest)
    except NotJsonError:
        return {}
    if not isinstance(options, dict):
        return {}
    return {key: "***" if key in _SECRETS else value for key, value in options.items()}


def _measure(content: bytes, at: int) -> int | None:
    operation = _OPERATION.match(content, at)
    end = content.find(b"\r\n", at)
    if operation is None:
        if end < 0 and len(content) - at < _LONGEST_NAME:
            return None
        raise LostError("no command of NATS")
    if end < 0:
        return None
    name = operation[0].decode().upper()
    if name not in _WITH_PAYLOAD:
        return end + 2 - at
    arguments = content[operation.end() : end].split()
    least = {"PUB": 2, "HPUB": 3, "MSG": 3, "HMSG": 4}[name]
    last = arguments[-2:] if name[0] == "H" else arguments[-1:]
    if not least <= len(arguments) <= least + 1 or not all(
        word.isdigit() and len(word) < 12 for word in last
    ):
        raise LostError(f"no {name} has these arguments")
    if end - at > _MAX_LINE or int(last[0]) > int(last[-1]):
        raise LostError("a line too long, or headers longer than the message")
    return end + 2 - at + int(last[-1]) + 2


def _begun(head: bytes) -> str:
    return head[:_LONGEST_NAME].split(b" ")[0].decode(errors="replace").strip()
