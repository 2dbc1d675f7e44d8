"""Guacamole's instructions.

https://guacamole.apache.org/doc/gug/guacamole-protocol.html
"""

from __future__ import annotations

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_PACKETS, MAX_PARSED
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Pair,
    Payload,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.lines import size
from wsproxy.payloads.partial import others
from wsproxy.payloads.protocols.keysyms import key_name

_MAX_ELEMENTS = 64
_LONG = 64
"""Characters of an element above which its size is said rather than its text."""


class Guacamole(Decoder):
    """A message holds whole instructions."""

    name = "guacamole"
    subprotocols = ("guacamole",)

    def feed(self, payload: Payload) -> list[Decoded] | None:
        text = payload.content[:MAX_PARSED].decode(errors="replace")
        cut = len(text) < payload.length
        found: list[Decoded] = []
        count = at = 0
        while at < len(text):
            elements, end = _instruction(text, at)
            if end < 0:
                # What was cut off is counted nowhere: its instructions cannot be.
                return found if found or (cut and elements) else None
            at = end
            count += 1
            if count <= MAX_PACKETS:
                found.append(self._said(elements, payload.direction))
        return (found + others(self.name, count)) or None

    def _said(self, elements: list[str], direction: Direction) -> Decoded:
        # The empty opcode is the tunnel's own: its ping or its id.
        kind = elements[0] or "tunnel"
        arguments = elements[1:]
        rest = [one if len(one) <= _LONG else size(len(one)) for one in arguments]
        pair: Pair | None = None
        if kind == "key" and len(arguments) > 1 and arguments[0].isdecimal():
            rest = [key_name(int(arguments[0][:10])), "down" if arguments[1] == "1" else "up"]
        elif kind == "sync" and arguments:
            # The client answers each sync with the same timestamp.
            down = direction is Direction.DOWNSTREAM
            pair = (request if down else answer)(arguments[0], Direction.DOWNSTREAM)
        value = {"opcode": kind, "arguments": arguments}
        return decoded(self.name, kind, " ".join(rest), value, pair)


def _instruction(text: str, at: int) -> tuple[list[str], int]:
    """Elements and the offset behind the instruction; -1 if it is none, or not all of it.

    Each element is its length in characters, a dot and its value; commas between, a semicolon
    at the end.
    """
    elements: list[str] = []
    while True:
        dot = text.find(".", at, at + 12)
        length = text[at:dot]
        if dot < 0 or not length.isascii() or not length.isdigit():
            return elements, -1
        end = dot + 1 + int(length)
        if len(elements) < _MAX_ELEMENTS:
            elements.append(text[dot + 1 : end])
        mark = text[end : end + 1]
        if mark == ";":
            return elements, end + 1
        if mark != ",":
            return elements, -1
        at = end + 1
