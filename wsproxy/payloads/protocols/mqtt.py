"""MQTT 3.1, 3.1.1 and 5: what each packet says.

Sections are those of MQTT 5.0 (OASIS, 2019), https://docs.oasis-open.org/mqtt/mqtt/v5.0/
"""

from __future__ import annotations

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
    last,
    part,
    request,
)
from wsproxy.payloads.lines import data, many
from wsproxy.payloads.partial import in_packets
from wsproxy.payloads.protocols.mqtt_fields import Fields, Truncated, properties

# 2.1.2, table 2-1.
NAMES = (
    *("RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"),
    *("SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP"),
    *("DISCONNECT", "AUTH"),
)
_VERSIONS = {3: "v3.1", 4: "v3.1.1", 5: "v5"}


class Mqtt(Decoder):
    """One packet may span many messages, and one message hold many packets (section 6)."""

    name = "mqtt"
    subprotocols = ("mqtt", "mqttv3.1")

    def __init__(self, facts: Facts) -> None:
        self._version = 3 if facts.subprotocol == "mqttv3.1" else 4
        self._cutters = {each: Cutter(_measure) for each in Direction}
        self._aliases: dict[Direction, Remembered[str]] = {each: Remembered() for each in Direction}

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        head = payload.content[:14]
        first = head[:1] == b"\x10" and (b"\x00\x04MQTT" in head or b"\x00\x06MQIsdp" in head)
        return Sure.SURE if first and payload.direction is Direction.UPSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        return in_packets(
            self.name,
            self._cutters[payload.direction],
            payload,
            lambda packet: self._packet(packet, payload.direction),
            lambda head: NAMES[head[0] >> 4],
        )

    def _packet(self, packet: Packet, direction: Direction) -> Decoded:
        first = packet.content[0]
        kind = NAMES[first >> 4]
        fields = Fields(packet.content)
        value: dict[str, Any] = {"packet": kind}
        pair: Pair | None = None
        try:
            fields.variable_integer(1)
            pieces, pair = self._read(kind, first & 15, fields, value, packet, direction)
        except Truncated:
            pieces = ["(not all of it)"] if packet.cut else ["(too short)"]
        return decoded(self.name, kind, " ".join(filter(None, pieces)), value, pair)

    def _read(
        self,
        kind: str,
        flags: int,
        fields: Fields,
        value: dict[str, Any],
        packet: Packet,
        direction: Direction,
    ) -> tuple[list[str], Pair | None]:
        if kind == "CONNECT":
            return self._connect(fields, value), request("connect", direction)
        if kind == "PUBLISH":
            return self._publish(flags, fields, value, packet, direction)
        if kind in {"PINGREQ", "PINGRESP"}:
            asks = kind == "PINGREQ"
            return [], request("ping", direction) if asks else answer("ping", direction.other)
        if kind == "CONNACK":
            # 3.2: session present, reason code, properties.
            value["session_present"] = bool(fields.byte() & 1)
            value["reason_code"] = fields.byte()
            self._properties(fields, value)
            present = "session-present" if value["session_present"] else ""
            return [str(value["reason_code"]), present], answer("connect", direction.other)
        if kind in {"DISCONNECT", "AUTH"}:
            if self._version == 5 and fields.left(packet):
                # 3.14.2, 3.15.2: without a reason code it is 0.
                value["reason_code"] = fields.byte()
                if fields.left(packet):
                    self._properties(fields, value)
                return [str(value["reason_code"])], None
            return [], None
        return self._acknowledged(kind, fields, value, packet, direction)

    def _connect(self, fields: Fields, value: dict[str, Any]) -> list[str]:
        # 3.1.2: name, level, flags, keep alive; 3.1.3: client id, will, user name, password.
        fields.text()
        self._version = level = fields.byte()
        flags = fields.byte()
        value["version"] = _VERSIONS.get(level, f"level {level}")
        value["clean_start"] = bool(flags & 2)
        value["keep_alive"] = fields.short()
        self._properties(fields, value)
        value["client_id"] = fields.text()
        pieces = [
            value["client_id"],
            value["version"],
            f"keepalive={value['keep_alive']}",
            "" if flags & 2 else "keep-session",
        ]
        if flags & 4:  # 3.1.3.2 to 3.1.3.4
            will: dict[str, Any] = {"qos": flags >> 3 & 3, "retain": bool(flags & 32)}
            self._properties(fields, will)
            will["topic"], will["content"] = fields.text(), fields.binary()
            value["will"] = will
            pieces.append(f"will={will['topic']}")
        if flags & 128:
            value["user_name"] = fields.text()
            pieces.append(f"user={value['user_name']}")
        value["password"] = bool(flags & 64)  # it is nobody's business
        return pieces

    def _publish(
        self,
        flags: int,
        fields: Fields,
        value: dict[str, Any],
        packet: Packet,
        direction: Direction,
    ) -> tuple[list[str], Pair | None]:
        # 3.3.1: DUP, QoS and RETAIN; 3.3.2: topic, packet identifier, properties.
        qos = flags >> 1 & 3
        topic = fields.text()
        pieces = [f"q{qos}"]
        pair = None
        if qos:
            value["id"] = fields.short()
            pieces.append(f"id={value['id']}")
            pair = request(_key("PUBLISH", value["id"]), direction)
        pieces += [word for bit, word in ((8, "dup"), (1, "retain")) if flags & bit]
        self._properties(fields, value)
        topic = self._alias(topic, value.get("properties", {}), direction)
        content = fields.rest()
        value |= {"topic": topic, "qos": qos, "retain": bool(flags & 1), "dup": bool(flags & 8)}
        value |= {"content": content, "length": fields.left(packet, before=len(content))}
        return [topic, *pieces, data(content, value["length"])], pair

    def _alias(self, topic: str, given: dict[str, Any], direction: Direction) -> str:
        alias = given.get("topic_alias")  # 3.3.2.3.4
        if alias is not None and topic:
            self._aliases[direction].keep(alias, topic)
        return topic or self._aliases[direction].get(str(alias), f"alias={alias}")

    def _acknowledged(
        self,
        kind: str,
        fields: Fields,
        value: dict[str, Any],
        packet: Packet,
        direction: Direction,
    ) -> tuple[list[str], Pair | None]:
        number = value["id"] = fields.short()
        pieces = [f"id={number}"]
        if kind in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            self._properties(fields, value)
            filters = value["filters"] = []
            while fields.left(packet) > 0:
                wanted: Any = fields.text()
                if kind == "SUBSCRIBE":  # 3.8.3.1: options, of which QoS is the lowest two bits
                    wanted = f"{wanted} q{fields.byte() & 3}"
                filters.append(wanted)
            pieces += [*filters[:8], *([many(len(filters) - 8, "more")] if filters[8:] else [])]
            return pieces, request(_key(kind, number), direction)
        if kind in {"SUBACK", "UNSUBACK"}:
            self._properties(fields, value)
            value["reason_codes"] = list(fields.rest()[:1000])
            if value["reason_codes"]:  # before version 5 an UNSUBACK has none
                pieces.append(str(value["reason_codes"]).replace(" ", ""))
            asked = "SUBSCRIBE" if kind == "SUBACK" else "UNSUBSCRIBE"
            return pieces, answer(_key(asked, number), direction.other)
        if fields.left(packet) and self._version == 5:  # 3.4.2.1: without one it is 0
            value["reason_code"] = fields.byte()
            if fields.left(packet):
                self._properties(fields, value)
            if value["reason_code"]:
                pieces.append(f"reason={value['reason_code']:#04x}")
        # 4.3.3: PUBLISH, PUBREC, PUBREL, PUBCOMP; PUBREL comes from who published.
        key = _key("PUBLISH", number)
        if kind == "PUBREL":
            return pieces, part(key, direction)
        make = {"PUBACK": answer, "PUBREC": part, "PUBCOMP": last}[kind]
        refused = kind == "PUBREC" and value.get("reason_code", 0) >= 0x80
        return pieces, (last if refused else make)(key, direction.other)

    def _properties(self, fields: Fields, value: dict[str, Any]) -> None:
        if self._version == 5:
            found = properties(fields)
            if found:
                value["properties"] = found


def _key(kind: str, number: int) -> str:
    return f"{kind} {number}"


def _measure(content: bytes, at: int) -> int | None:
    # 2.1.4: the remaining length is a variable byte integer of at most four bytes.
    if content[at] >> 4 == 0:
        raise LostError("packet type 0 is reserved")
    length = 0
    for index in range(4):
        if at + 1 + index >= len(content):
            return None
        byte = content[at + 1 + index]
        length |= (byte & 127) << 7 * index
        if byte < 128:
            return 2 + index + length
    raise LostError("a remaining length of more than four bytes")
