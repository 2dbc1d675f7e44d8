"""MQTT's data types and properties (MQTT 5.0, sections 1.5 and 2.2.2)."""

from __future__ import annotations

from typing import Any

from wsproxy.payloads.cutter import Packet


class Truncated(Exception):  # noqa: N818 - says what the bytes are
    """The packet ends inside a field."""


class Fields:
    """Reads one packet, field after field."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def variable_integer(self, at: int | None = None) -> int:
        """1.5.5: seven bits a byte, the lowest first; from offset `at` if it is given."""
        self._at = self._at if at is None else at
        number = 0
        for index in range(4):
            byte = self.byte()
            number |= (byte & 127) << 7 * index
            if byte < 128:
                return number
        raise Truncated

    def byte(self) -> int:
        return self._take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def long(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def text(self) -> str:
        return self.binary().decode(errors="replace")

    def binary(self) -> bytes:
        return self._take(self.short())

    def rest(self) -> bytes:
        found = self._content[self._at :]
        self._at = len(self._content)
        return found

    def left(self, packet: Packet, before: int = 0) -> int:
        """Bytes of the packet that come after what was read, and after `before` back."""
        return packet.length - self._at + before

    def jump(self, offset: int) -> None:
        self._at = offset

    @property
    def at(self) -> int:
        return self._at

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._content):
            raise Truncated
        found = self._content[self._at : end]
        self._at = end
        return found


# 2.2.2.2, table 2-4: name and type.
_PROPERTIES: dict[int, tuple[str, str]] = {
    1: ("payload_format_indicator", "byte"),
    2: ("message_expiry_interval", "long"),
    3: ("content_type", "text"),
    8: ("response_topic", "text"),
    9: ("correlation_data", "binary"),
    11: ("subscription_identifier", "variable_integer"),
    17: ("session_expiry_interval", "long"),
    18: ("assigned_client_identifier", "text"),
    19: ("server_keep_alive", "short"),
    21: ("authentication_method", "text"),
    22: ("authentication_data", "binary"),
    23: ("request_problem_information", "byte"),
    24: ("will_delay_interval", "long"),
    25: ("request_response_information", "byte"),
    26: ("response_information", "text"),
    28: ("server_reference", "text"),
    31: ("reason_string", "text"),
    33: ("receive_maximum", "short"),
    34: ("topic_alias_maximum", "short"),
    35: ("topic_alias", "short"),
    36: ("maximum_qos", "byte"),
    37: ("retain_available", "byte"),
    38: ("user_property", "pair"),
    39: ("maximum_packet_size", "long"),
    40: ("wildcard_subscription_available", "byte"),
    41: ("subscription_identifier_available", "byte"),
    42: ("shared_subscription_available", "byte"),
}


def properties(fields: Fields) -> dict[str, Any]:
    """The properties at this place; Truncated if they are not all there."""
    length = fields.variable_integer()
    end = fields.at + length
    found: dict[str, Any] = {}
    while fields.at < end:
        name, kind = _PROPERTIES.get(fields.variable_integer(), ("", ""))
        if not name:  # its type, and so its length, cannot be known
            fields.jump(end)
            break
        if kind == "pair":
            found.setdefault("user_properties", []).append([fields.text(), fields.text()])
        elif kind == "byte":
            found[name] = fields.byte()
        elif kind == "short":
            found[name] = fields.short()
        elif kind == "long":
            found[name] = fields.long()
        elif kind == "text":
            found[name] = fields.text()
        elif kind == "binary":
            found[name] = fields.binary()
        else:
            found[name] = fields.variable_integer()
    return found
