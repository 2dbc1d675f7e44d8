"""WAMP 2 in JSON, MessagePack and CBOR, also batched.

Sections are those of https://wamp-proto.org/wamp_latest_ietf.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_PACKETS
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
    last,
    part,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief
from wsproxy.payloads.partial import others
from wsproxy.payloads.values.cbor import NotCborError, load
from wsproxy.payloads.values.msgpack import NotMessagePackError, unpack

# "Message Codes and Direction"
_KINDS = {
    1: "HELLO",
    2: "WELCOME",
    3: "ABORT",
    4: "CHALLENGE",
    5: "AUTHENTICATE",
    6: "GOODBYE",
    8: "ERROR",
    16: "PUBLISH",
    17: "PUBLISHED",
    32: "SUBSCRIBE",
    33: "SUBSCRIBED",
    34: "UNSUBSCRIBE",
    35: "UNSUBSCRIBED",
    36: "EVENT",
    48: "CALL",
    49: "CANCEL",
    50: "RESULT",
    64: "REGISTER",
    65: "REGISTERED",
    66: "UNREGISTER",
    67: "UNREGISTERED",
    68: "INVOCATION",
    69: "INTERRUPT",
    70: "YIELD",
}
_ASKS = {"PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "CALL", "REGISTER", "UNREGISTER", "INVOCATION"}
_ANSWERS = {
    "PUBLISHED": "PUBLISH",
    "SUBSCRIBED": "SUBSCRIBE",
    "UNSUBSCRIBED": "UNSUBSCRIBE",
    "RESULT": "CALL",
    "REGISTERED": "REGISTER",
    "UNREGISTERED": "UNREGISTER",
    "YIELD": "INVOCATION",
}
_FIRST = re.compile(rb'\[ ?1, ?"')
_BATCH_END = b"\x18"


class Wamp(Decoder):
    """Events and invocations name the topic or procedure that was subscribed or registered."""

    name = "wamp"
    subprotocols = tuple(
        f"wamp.2.{serializer}{batched}"
        for serializer in ("json", "msgpack", "cbor")
        for batched in ("", ".batched")
    )

    def __init__(self, facts: Facts) -> None:
        protocol = facts.subprotocol or ""
        self._batched = protocol.endswith(".batched")
        self._cbor = ".cbor" in protocol
        self._asked: dict[Direction, Remembered[str]] = {each: Remembered() for each in Direction}
        self._topics: Remembered[str] = Remembered()

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = payload.text and _FIRST.match(payload.content) and b'"roles"' in payload.content
        return Sure.LIKELY if first and payload.direction is Direction.UPSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        found: list[Decoded] = []
        count = 0
        try:
            for message in self._messages(payload):
                known = isinstance(message, list) and message and isinstance(message[0], int)
                if not known or message[0] not in _KINDS:
                    return found or None
                count += 1
                if count <= MAX_PACKETS:
                    found.append(self._message(message, payload.direction))
        except (NotJsonError, NotMessagePackError, NotCborError):
            return found or None
        return (found + others(self.name, count)) or None

    def _messages(self, payload: Payload) -> Iterator[Any]:
        content, cut = payload.content, bool(payload.missing)
        if not self._batched:
            yield self._parse(content, payload, cut=cut)
        elif payload.text:
            # "Message Batching": JSON texts with ASCII 24 behind each; the binary ones with their
            # length in 32 bits before each.
            for text in content.split(_BATCH_END):
                if text:
                    yield self._parse(text, payload, cut=False)
        else:
            at = 0
            while at + 4 <= len(content):
                length = int.from_bytes(content[at : at + 4], "big")
                yield self._parse(content[at + 4 : at + 4 + length], payload, cut=False)
                at += 4 + length

    def _parse(self, content: bytes, payload: Payload, *, cut: bool) -> Any:
        if payload.text:
            return parse(content, cut=cut)
        return load(content, cut=cut) if self._cbor else unpack(content, cut=cut)

    def _message(self, message: list[Any], direction: Direction) -> Decoded:
        kind = _KINDS[message[0]]
        names, rest = _names(kind, message)
        pieces: list[str] = []
        pair = self._pair(kind, message, direction)
        topic = self._topic(kind, message, direction)
        if topic:
            pieces.append(topic)
        pieces += [str(name)[:200] for name in names]
        number = _request_of(kind, message)
        if isinstance(number, int):
            pieces.append(f"#{number}")
        pieces += [brief(one) for one in rest if one not in (None, [], {})]
        value = {"type": kind, "message": message}
        return decoded(self.name, kind, " ".join(pieces), value, pair)

    def _topic(self, kind: str, message: list[Any], direction: Direction) -> str:
        """What the message's number stands for, if it does not say so itself."""
        second, third = (*message[1:3], None, None)[:2]
        if kind in _ASKS and len(message) > 3:
            self._asked[direction].keep(f"{kind} {second}", str(message[3])[:200])
        asked = _ANSWERS.get(kind)
        topic = ""
        if asked:
            topic = self._asked[direction.other].pop(f"{asked} {second}", "")
            if kind == "SUBSCRIBED":
                self._topics.keep(f"sub {third}", topic)
            elif kind == "REGISTERED":
                self._topics.keep(f"reg {third}", topic)
            return topic if kind in {"SUBSCRIBED", "REGISTERED"} else ""
        if kind == "EVENT":
            return self._topics.get(f"sub {second}", "")
        if kind == "INVOCATION":
            return self._topics.get(f"reg {third}", "")
        return ""

    def _pair(self, kind: str, message: list[Any], direction: Direction) -> Pair | None:
        up = Direction.UPSTREAM
        if kind == "HELLO":
            return request("session", up)
        if kind in {"WELCOME", "ABORT"}:
            return answer("session", up)
        if kind in {"CHALLENGE", "AUTHENTICATE"}:
            return part("session", up)
        number = _request_of(kind, message)
        if number is None:
            return None
        if kind in _ASKS:
            options = message[2] if len(message) > 2 else None
            if kind == "PUBLISH" and not (isinstance(options, dict) and options.get("acknowledge")):
                return None  # "PUBLISHED" comes only if it was asked for
            return request(f"{kind} {number}", direction)
        if kind == "ERROR":
            # [ERROR, REQUEST.Type, REQUEST.Request, ...]
            asked = _KINDS.get(message[1]) if isinstance(message[1], int) else None
            return last(f"{asked} {number}", direction.other) if asked else None
        if kind in {"CANCEL", "INTERRUPT"}:
            asked = "CALL" if kind == "CANCEL" else "INVOCATION"
            return part(f"{asked} {number}", direction)
        if kind not in _ANSWERS:
            return None
        details = message[2] if len(message) > 2 else None
        progress = isinstance(details, dict) and details.get("progress")
        make = part if progress else answer
        return make(f"{_ANSWERS[kind]} {number}", direction.other)


def _request_of(kind: str, message: list[Any]) -> int | None:
    at = 2 if kind == "ERROR" else 1
    if kind in {"HELLO", "WELCOME", "ABORT", "CHALLENGE", "AUTHENTICATE", "GOODBYE", "EVENT"}:
        return None
    number = message[at] if len(message) > at else None
    return number if isinstance(number, int) else None


def _names(kind: str, message: list[Any]) -> tuple[list[Any], list[Any]]:
    """The URIs of a message, and its arguments."""
    body = message[1:]
    if kind == "HELLO":
        return body[:1], []
    if kind == "WELCOME":
        return [f"session={body[0]}"] if body else [], []
    if kind in {"ABORT", "GOODBYE"}:
        return body[1:2], []
    if kind == "CHALLENGE":
        return body[:1], []
    if kind == "ERROR":
        return body[3:4], body[4:6]
    if kind in {"PUBLISH", "CALL"}:
        return body[2:3], body[3:5]
    if kind in {"SUBSCRIBE", "REGISTER"}:
        return body[2:3], []
    if kind in {"EVENT", "INVOCATION"}:
        return [], body[3:5]
    return [], body[2:4] if kind in {"RESULT", "YIELD"} else []
