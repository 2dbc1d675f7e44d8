"""ASP.NET Core's SignalR: the JSON and the MessagePack hub protocol.

https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md
"""

from __future__ import annotations

import re
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.cutter import Cutter, LostError, Measure, Packet
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    Sure,
    answer,
    decoded,
    last,
    part,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.lines import brief, many
from wsproxy.payloads.partial import in_packets
from wsproxy.payloads.values.msgpack import NotMessagePackError, unpack

_END = b"\x1e"
_HANDSHAKE = re.compile(rb'\s*\{\s*"protocol"\s*:\s*"(json|messagepack)"')
_KINDS = {
    1: "invoke",
    2: "item",
    3: "completion",
    4: "stream",
    5: "cancel",
    6: "ping",
    7: "close",
    8: "ack",
    9: "sequence",
}
# Members of each type in the order in which MessagePack has them, from the second element on.
_MEMBERS: dict[int, tuple[str, ...]] = {
    1: ("headers", "invocationId", "target", "arguments", "streamIds"),
    2: ("headers", "invocationId", "item"),
    3: ("headers", "invocationId", "resultKind", "result"),
    4: ("headers", "invocationId", "target", "arguments", "streamIds"),
    5: ("headers", "invocationId"),
    7: ("error", "allowReconnect"),
    8: ("sequenceId",),
    9: ("sequenceId",),
}


class SignalR(Decoder):
    """Each direction begins with a record in JSON, whatever the protocol of the others."""

    name = "signalr"

    def __init__(self, facts: Facts) -> None:
        self._binary = False
        self._greeted = dict.fromkeys(Direction, False)
        self._cutters = {each: Cutter(self._measure(each)) for each in Direction}

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = _HANDSHAKE.match(payload.content[:200]) and _END in payload.content[:200]
        return Sure.SURE if first and payload.direction is Direction.UPSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        return in_packets(
            self.name,
            self._cutters[payload.direction],
            payload,
            lambda packet: self._record(packet, payload),
            lambda _: "",
        )

    def _measure(self, direction: Direction) -> Measure:
        def measure(content: bytes, at: int) -> int | bytes | None:
            if not self._greeted[direction] or not self._binary:
                if content[at : at + 1] not in (b"{", b" ", b"\n"):
                    raise LostError("no record")
                return _END
            return _binary_length(content, at)

        return measure

    def _record(self, packet: Packet, payload: Payload) -> Decoded:
        direction = payload.direction
        if not self._greeted[direction]:
            self._greeted[direction] = True
            return self._greeting(packet, direction)
        try:
            message = _from_binary(packet) if self._binary else _from_json(packet)
        except (NotJsonError, NotMessagePackError) as error:
            raise LostError(str(error)) from None
        return self._message(message, direction)

    def _greeting(self, packet: Packet, direction: Direction) -> Decoded:
        try:
            value = parse_object(packet.content.removesuffix(_END))
        except NotJsonError as error:
            raise LostError(str(error)) from None
        if direction is Direction.UPSTREAM:
            self._binary = value.get("protocol") == "messagepack"
            rest = f"{value.get('protocol')} v{value.get('version')}"
            return decoded(self.name, "handshake", rest, value, request("handshake", direction))
        rest = f"error {value['error']}" if value.get("error") else "ok"
        return decoded(self.name, "handshake", rest, value, answer("handshake", direction.other))

    def _message(self, message: dict[str, Any], direction: Direction) -> Decoded:
        number = message["type"]
        kind = _KINDS.get(number, f"type {brief(number, 20)}") if isinstance(number, int) else "?"
        pieces = []
        arguments = message.get("arguments")
        if isinstance(message.get("target"), str):
            count = f"({many(len(arguments), 'arg')})" if isinstance(arguments, list) else ""
            pieces.append(f"{message['target']}{count}")
        identity = message.get("invocationId")
        if identity is not None:
            pieces.append(f"#{str(identity)[:40]}")
        if arguments:
            pieces.append(brief(arguments))
        pieces += [
            f"error {message[name]}" if name == "error" else brief(message[name])
            for name in ("error", "result", "item", "sequenceId")
            if message.get(name) is not None
        ]
        pair = None if identity is None else _pair(number, identity, direction)
        return decoded(self.name, kind, " ".join(pieces), message, pair)


def _pair(number: Any, identity: Any, direction: Direction) -> Pair | None:
    if number in (1, 4):
        return request(identity, direction)
    if number == 2:  # also of what a client streams to the server, with an id of its own
        return part(identity, direction.other)
    if number == 3:
        return last(identity, direction.other)
    return part(identity, direction) if number == 5 else None


def _from_json(packet: Packet) -> dict[str, Any]:
    value = parse_object(packet.content.removesuffix(_END), cut=packet.cut)
    if "type" not in value:
        raise NotJsonError("no type")
    return value


def _from_binary(packet: Packet) -> dict[str, Any]:
    at = next(index + 1 for index in range(5) if packet.content[index] < 128)
    value = unpack(packet.content[at:], cut=packet.cut)
    if not isinstance(value, list) or not value or not isinstance(value[0], int):
        raise NotMessagePackError("no message of SignalR")
    message: dict[str, Any] = {"type": value[0]}
    message |= dict(zip(_MEMBERS.get(value[0], ()), value[1:], strict=False))
    # A completion has an error (1), nothing (2) or a result (3).
    if message.get("resultKind") == 1:
        message["error"] = message.pop("result", None)
    return message


def _binary_length(content: bytes, at: int) -> int | None:
    # "MessagePack encoding": the length as a variable integer, the lowest seven bits first.
    length = 0
    for index in range(5):
        if at + index >= len(content):
            return None
        byte = content[at + index]
        length |= (byte & 127) << 7 * index
        if byte < 128:
            return index + 1 + length
    raise LostError("a length of more than five bytes")
