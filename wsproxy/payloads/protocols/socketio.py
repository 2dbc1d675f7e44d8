"""Socket.IO over Engine.IO, versions 4 and 3.

Packets are parsed by python-engineio and python-socketio; of what is too long for them only the
head is. https://github.com/socketio/engine.io-protocol, https://github.com/socketio/socket.io-protocol
"""

from __future__ import annotations

import re
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_ATTACHMENTS, MAX_PARSED
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    NotThisError,
    Pair,
    Payload,
    Sure,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.libraries import MissingLibraryError, need
from wsproxy.payloads.lines import brief, data, many
from wsproxy.payloads.target import query_of
from wsproxy.payloads.trees import CUT
from wsproxy.payloads.values.base64text import decode

_ENGINE = ("open", "close", "ping", "pong", "message", "upgrade", "noop")
_HEAD = re.compile(r"[0-6](?:\d{1,9}-)?(?:/[^,]{0,1000},?)?\d{0,100}")
_OPENED = re.compile(rb'0\{"sid":"')


class _Waiting:
    """A packet whose attachments have not all come."""

    def __init__(self, packet: Any, title: str) -> None:
        self.title = title
        self.total: int = packet.attachment_count
        self.come = 0


class SocketIO(Decoder):
    """Attachments are counted to their packet in each direction."""

    name = "socket.io"

    def __init__(self, facts: Facts) -> None:
        self._version = engine_version(facts.target) or "4"
        self._waiting: dict[Direction, _Waiting | None] = dict.fromkeys(Direction)

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return engine_version(facts.target) is not None

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        # Engine.IO, "Protocol": the server begins with an open packet.
        opened = payload.text and _OPENED.match(payload.content)
        return Sure.SURE if opened and payload.direction is Direction.DOWNSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        found = self._text(payload) if payload.text else self._binary(payload)
        return None if found is None else [found]

    def _text(self, payload: Payload) -> Decoded | None:
        content = payload.content[: MAX_PARSED + 1]
        text = content.decode(errors="replace")
        cut = len(content) < payload.length
        if not text or text[0] not in "0123456b":
            return None
        if text[0] == "b":  # Engine.IO: binary data as base64, where there is only text
            return self._base64(payload)
        if text[0] == "4":
            return self._message(text[1:], payload, cut=cut)
        packet = need("engineio.packet", "Socket.IO").Packet(encoded_packet=text)
        return self._engine(packet.packet_type, packet.data, payload)

    def _engine(self, kind_number: int, said: Any, payload: Payload) -> Decoded | None:
        kind = _ENGINE[kind_number]
        asker = payload.direction
        pair: Pair | None = None
        if said == "probe":
            # Engine.IO, "Upgrade": 2probe is answered with 3probe.
            pair = request("probe", asker) if kind == "ping" else answer("probe", asker.other)
            return decoded(self.name, "probe", "" if kind == "ping" else "answered", said, pair)
        if kind == "ping":
            pair = request("ping", asker)
        elif kind == "pong":
            pair = answer("ping", asker.other)
        rest = "" if said in ("", None) else brief(said)
        return decoded(self.name, kind, rest, {"engine": kind, "data": said}, pair)

    def _message(self, text: str, payload: Payload, *, cut: bool) -> Decoded:
        try:
            packet = _packet(text, cut=cut)
        except (ValueError, RecursionError, IndexError):
            # Engine.IO without Socket.IO on it.
            return decoded(
                self.name, "message", data(payload.content[1:], payload.length - 1), text
            )
        return self._socket(packet, payload)

    def _socket(self, packet: Any, payload: Payload) -> Decoded:
        module = need("socketio.packet", "Socket.IO")
        number = packet.packet_type
        kind = module.packet_names[number].removeprefix("BINARY_")
        namespace = packet.namespace or "/"
        pieces = []
        said = packet.data
        arguments = said
        if kind == "EVENT" and isinstance(said, list) and said:
            pieces.append(str(said[0])[:100])
            arguments = said[1:]
        if namespace != "/":
            pieces.append(namespace)
        if packet.id is not None:
            pieces.append(f"ack={packet.id}" if kind == "EVENT" else str(packet.id))
        title = " ".join([kind, *pieces])
        if kind == "CONNECT_ERROR" and isinstance(said, dict) and "message" in said:
            pieces.append(str(said["message"]))
        elif arguments not in (None, [], {}):
            pieces.append(_arguments(arguments))
        count = packet.attachment_count
        if count:
            pieces.append(f"({many(count, 'attachment')})")
            waits = _Waiting(packet, title)
            self._waiting[payload.direction] = waits if count <= MAX_ATTACHMENTS else None
        value = {"type": kind, "namespace": namespace, "id": packet.id, "data": said}
        if count:
            value["attachments"] = count
        pair = _pair(kind, namespace, packet.id, payload.direction)
        return decoded(self.name, kind, " ".join(pieces), value, pair)

    def _binary(self, payload: Payload) -> Decoded | None:
        waiting = self._waiting[payload.direction]
        length, content = payload.length, payload.content
        if self._version == "3" and content[:1] == b"\x04":
            # Engine.IO 3: the first byte of binary data is the packet's type.
            length, content = length - 1, content[1:]
        if waiting is None and not payload.missing and content[:1] > b"\x80":
            packet = _message_pack(content)
            if packet is not None:
                return self._socket(packet, payload)
        return self._attachment(payload.direction, content, length)

    def _base64(self, payload: Payload) -> Decoded | None:
        # Engine.IO 3 puts the packet's type between the b and the data.
        prefix = b"b4" if self._version == "3" else b"b"
        text = payload.content.removeprefix(prefix)
        try:
            content, cut = decode(text, cut=bool(payload.missing))
        except NotThisError:
            return None
        length = (payload.length - len(prefix)) * 3 // 4 if cut else len(content)
        return self._attachment(payload.direction, content, length)

    def _attachment(self, direction: Direction, content: bytes, length: int) -> Decoded:
        waiting = self._waiting[direction]
        value = {"attachment": content, "length": length}
        if waiting is None:
            return decoded(self.name, "message", data(content, length), value)
        waiting.come += 1
        of = f"{waiting.come}/{waiting.total} of {waiting.title} {data(content, length, 40)}"
        if waiting.come >= waiting.total:
            self._waiting[direction] = None
        return decoded(self.name, "attachment", of, {"of": waiting.title, **value})


def engine_version(target: str) -> str | None:
    """The version of Engine.IO that path and query name: `4`; None if they name none."""
    return query_of(target).get("EIO", [None])[0] if "EIO=" in target else None


def _packet(text: str, *, cut: bool) -> Any:
    """A Socket.IO packet; ValueError if it is none."""
    module = need("socketio.packet", "Socket.IO")
    if len(text) > MAX_PARSED or cut:
        head = _HEAD.match(text)
        if head is None:
            raise ValueError("no Socket.IO packet")
        packet = module.Packet(encoded_packet=head[0])
        packet.attachment_count = packet.attachment_count or 0
        try:
            packet.data = parse(text[head.end() :], cut=True)
        except NotJsonError:
            packet.data = CUT
        return packet
    packet = module.Packet(encoded_packet=text)
    if not text or not 0 <= packet.packet_type <= 6 or not text[0].isascii():
        raise ValueError("no Socket.IO packet")
    return packet


def _message_pack(content: bytes) -> Any:
    """A packet of socket.io-msgpack-parser, or None."""
    if len(content) > MAX_PARSED or b"nsp" not in content or b"type" not in content:
        return None
    try:
        packet = need("socketio.msgpack_packet", "Socket.IO in MessagePack").MsgPackPacket(
            encoded_packet=content
        )
        sound = (
            packet.packet_type in range(5)
            and isinstance(packet.namespace, str)
            and (packet.id is None or isinstance(packet.id, int))
        )
    except MissingLibraryError:
        raise
    except Exception:  # noqa: BLE001 - the library raises whatever its input leads to
        return None
    return packet if sound else None


def _arguments(arguments: Any) -> str:
    if isinstance(arguments, list):
        return " ".join(brief(argument) for argument in arguments[:8])
    return brief(arguments)


def _pair(kind: str, namespace: str, number: int | None, direction: Direction) -> Pair | None:
    key = f"{namespace} {number}"
    if kind == "EVENT" and number is not None:
        return request(key, direction)
    if kind == "ACK":
        return answer(key, direction.other)
    if kind == "CONNECT":
        up = direction is Direction.UPSTREAM
        make = request if up else answer
        return make(f"connect {namespace}", Direction.UPSTREAM)
    if kind == "CONNECT_ERROR":
        return answer(f"connect {namespace}", Direction.UPSTREAM)
    return None
