"""Discord's gateway.

https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import zlib
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_HEAD, MAX_INFLATED
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
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.lines import brief, size
from wsproxy.payloads.target import query_of

# "Gateway Opcodes"
_OPCODES = {
    0: "dispatch",
    1: "heartbeat",
    2: "identify",
    3: "presence update",
    4: "voice state update",
    6: "resume",
    7: "reconnect",
    8: "request guild members",
    9: "invalid session",
    10: "hello",
    11: "heartbeat ack",
    31: "request soundboard sounds",
}
_FLUSHED = b"\x00\x00\xff\xff"


class Discord(Decoder):
    """JSON, also in one zlib stream over the whole connection (`compress=zlib-stream`)."""

    name = "discord"

    def __init__(self, facts: Facts) -> None:
        query = query_of(facts.target)
        self._stream = zlib.decompressobj() if query.get("compress") == ["zlib-stream"] else None
        self._inflated = b""

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        query = query_of(facts.target)
        return "v" in query and query.get("encoding") == ["json"]

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        head = payload.content[:300].replace(b" ", b"")
        first = payload.text and b'"op":10' in head and b'"heartbeat_interval"' in head
        return Sure.SURE if first and payload.direction is Direction.DOWNSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        content, cut = payload.content, bool(payload.missing)
        if not payload.text:
            if self._stream is None or payload.direction is Direction.UPSTREAM:
                return None
            whole = self._inflate(payload)
            if whole is None:
                rest = size(payload.length)
                return [decoded(self.name, "compressed", rest, {"length": payload.length})]
            content, cut = whole, len(whole) >= MAX_INFLATED
        try:
            message = parse_object(content, cut=cut)
        except NotJsonError:
            return None
        opcode = message.get("op")
        if not isinstance(opcode, int):
            return None
        return [self._message(opcode, message, payload.direction)]

    def _message(self, opcode: int, message: dict[str, Any], direction: Direction) -> Decoded:
        name = _OPCODES.get(opcode, "")
        event = message.get("t")
        kind = event if isinstance(event, str) else name or "op"
        pieces = [f"op {str(opcode)[:20]}", name]
        if isinstance(event, str):
            pieces.append(event)
        if isinstance(message.get("s"), int):
            pieces.append(f"s={str(message['s'])[:20]}")
        said = message.get("d")
        if opcode in (2, 6) and isinstance(said, dict) and "token" in said:
            said = {**said, "token": "***"}
            message = {**message, "d": said}
        if said is not None:
            pieces.append(brief(said))
        pair: Pair | None = None
        if opcode == 1:
            pair = request("heartbeat", direction)
        elif opcode == 11:
            pair = answer("heartbeat", direction.other)
        found = decoded(self.name, kind, "", message, pair)
        line = decoded(self.name, pieces[0], " ".join(filter(None, pieces[1:])), None)
        return found._replace(summary=line.summary)

    def _inflate(self, payload: Payload) -> bytes | None:
        """What a message says after inflation; None if it goes on, or the stream is lost."""
        if self._stream is None or payload.missing:
            self._stream = None
            return None
        try:
            data = payload.content
            while data:
                piece = self._stream.decompress(data, MAX_HEAD)
                self._inflated = (self._inflated + piece)[:MAX_INFLATED]
                data = self._stream.unconsumed_tail
                if len(self._inflated) >= MAX_INFLATED and data:
                    self._stream = None  # too much; what comes after it cannot be read either
                    return None
        except zlib.error:
            self._stream = None
            return None
        if not payload.content.endswith(_FLUSHED):
            return None
        whole, self._inflated = self._inflated, b""
        return whole
