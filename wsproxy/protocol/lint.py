"""What in a stream of frames breaks RFC 6455 or RFC 7692: which rule, whose fault, which section.

Lint only names things. The frame is relayed all the same: a proxy that corrected its users' bugs
would hide them.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from wsproxy.errors import Side
from wsproxy.protocol.close import may_be_sent
from wsproxy.protocol.frames import (
    FIN,
    MASK,
    MAX_CONTROL_PAYLOAD,
    OPCODE,
    RSV1,
    RSV2,
    RSV3,
    Opcode,
    minimal_header_size,
)


class Violation(NamedTuple):
    """One broken rule."""

    rule: str
    """A short stable name for filters and machines, e.g. `reserved-opcode`."""
    section: str
    """Where the rule stands, e.g. `RFC 6455 5.2`."""
    text: str
    """What happened, for people."""
    side: Side


RULES = {
    "rsv-bits": "RFC 6455 5.2",
    "reserved-opcode": "RFC 6455 5.2",
    "length-not-minimal": "RFC 6455 5.2",
    "length-too-large": "RFC 6455 5.2",
    "unmasked-client-frame": "RFC 6455 5.1",
    "masked-server-frame": "RFC 6455 5.1",
    "control-fragmented": "RFC 6455 5.5",
    "control-too-long": "RFC 6455 5.5",
    "continuation-without-start": "RFC 6455 5.4",
    "message-inside-message": "RFC 6455 5.4",
    "close-payload": "RFC 6455 5.5.1",
    "close-code": "RFC 6455 7.4",
    "close-reason-utf8": "RFC 6455 5.5.1",
    "after-close": "RFC 6455 5.5.1",
    "text-utf8": "RFC 6455 8.1",
    "frame-cut-off": "RFC 6455 7.1.7",
    "rsv1-misplaced": "RFC 7692 6.1",
    "deflate-data": "RFC 7692 7.2.2",
}
"""Every rule that lint knows, and its section."""


def violation(rule: str, text: str, side: Side) -> Violation:
    """A Violation of one of RULES; raises KeyError for an unknown rule."""
    return Violation(rule, RULES[rule], text, side)


def utf8_valid(data: bytes, *, whole: bool = True) -> bool:
    """Whether `data` is UTF-8; with `whole` False its last character may be cut."""
    try:
        codecs.utf_8_decode(data, "strict", whole)
    except UnicodeDecodeError:
        return False
    return True


MAX_KNOWN = 1024
"""Kinds of frames whose violations are remembered."""


class FrameLinter:
    """Checks the frames of one direction, in order."""

    def __init__(
        self, sender: Side, *, rsv1_allowed: bool = False, rsv_unknown: bool = False
    ) -> None:
        """`rsv1_allowed`: permessage-deflate is on. `rsv_unknown`: an extension that the proxy
        does not know is on, and may use reserved bits and opcodes as it likes.
        """
        self._sender = sender
        self._rsv1_allowed = rsv1_allowed
        self._rsv_unknown = rsv_unknown
        self._in_message = False
        self._closed = False
        self.excused = False
        """Whether the other side has ended the connection: what that cuts off breaks no rule."""
        self._known: dict[tuple[int, int, int, bool, bool], tuple[Violation, ...]] = {}

    def check(
        self, header: bytes, payload_length: int, received: int, payload: bytes = b""
    ) -> tuple[Violation, ...]:
        """What is wrong with the next frame; empty for most.

        `payload_length` is what the header announces, `received` how many bytes of it came (-1 if
        the stream ended inside the header). `payload`, unmasked, is looked at in Close frames.
        """
        first = header[0]
        if received != payload_length or first & OPCODE == Opcode.CLOSE:
            return self._look(header, payload_length, received, payload)
        # The same frames break the same rules: looked up, a flood of them costs little.
        masked = header[1] & MASK
        base = len(header) - 4 if masked else len(header)
        minimal = base == (2 if payload_length < 126 else 4 if payload_length < 65536 else 10)
        plain = minimal and (payload_length < 126 or first & OPCODE < Opcode.CLOSE)
        key = (first, masked, -1 if plain else payload_length, self._in_message, self._closed)
        found = self._known.get(key)
        if found is None:
            found = self._look(header, payload_length, received, payload)
            if len(self._known) < MAX_KNOWN:
                self._known[key] = found
        elif first & OPCODE < Opcode.CLOSE:
            self._in_message = first < FIN
        return found

    def _look(
        self, header: bytes, payload_length: int, received: int, payload: bytes
    ) -> tuple[Violation, ...]:
        found: list[tuple[str, str]] = []
        opcode = header[0] & OPCODE
        if self._closed:
            found.append(("after-close", "a frame after the Close frame"))
        if received < 0:
            if self.excused:
                return ()
            found.append(("frame-cut-off", "the stream ended inside a frame header"))
        else:
            self._check_header(header, payload_length, found)
            if opcode >= Opcode.CLOSE:
                self._check_control(header, payload_length, payload, found)
            else:
                self._check_order(header, found)
            if received != payload_length and not self.excused:
                missing = payload_length - received
                found.append(("frame-cut-off", f"the stream ended {missing} bytes short"))
        return tuple(violation(rule, text, self._sender) for rule, text in found)

    def _check_header(
        self, header: bytes, payload_length: int, found: list[tuple[str, str]]
    ) -> None:
        first = header[0]
        opcode = first & OPCODE
        if not self._rsv_unknown:
            bad = [name for name, bit in (("RSV2", RSV2), ("RSV3", RSV3)) if first & bit]
            if first & RSV1 and not self._rsv1_allowed:
                bad.insert(0, "RSV1")
            if bad:
                found.append(("rsv-bits", f"{' and '.join(bad)} set without an extension"))
            if first & RSV1 and self._rsv1_allowed and opcode not in (1, 2):
                found.append(("rsv1-misplaced", "RSV1 set on a frame that begins no message"))
            if 0x3 <= opcode <= 0x7 or opcode >= 0xB:
                found.append(("reserved-opcode", f"opcode 0x{opcode:X} is reserved"))
        masked = bool(header[1] & MASK)
        if masked and self._sender is Side.SERVER:
            found.append(("masked-server-frame", "a server must not mask"))
        elif not masked and self._sender is Side.CLIENT:
            found.append(("unmasked-client-frame", "a client must mask"))
        if payload_length >> 63:
            found.append(("length-too-large", "the most significant bit of the length is set"))
        elif len(header) != minimal_header_size(payload_length, masked=masked):
            found.append(("length-not-minimal", f"length {payload_length} in an overlong form"))

    def _check_control(
        self, header: bytes, payload_length: int, payload: bytes, found: list[tuple[str, str]]
    ) -> None:
        if not header[0] & FIN:
            found.append(("control-fragmented", "a control frame without FIN"))
        if payload_length > MAX_CONTROL_PAYLOAD:
            found.append(("control-too-long", f"a control frame of {payload_length} bytes"))
        if header[0] & OPCODE != Opcode.CLOSE:
            return
        self._closed = True
        if len(payload) == 1:
            found.append(("close-payload", "a Close frame with half a code"))
        elif len(payload) >= 2:
            code = int.from_bytes(payload[:2], "big")
            if not may_be_sent(code):
                found.append(("close-code", f"close code {code} must not be sent"))
            if not utf8_valid(payload[2:], whole=len(payload) == payload_length):
                found.append(("close-reason-utf8", "the close reason is not UTF-8"))

    def _check_order(self, header: bytes, found: list[tuple[str, str]]) -> None:
        if header[0] & OPCODE == Opcode.CONTINUATION:
            if not self._in_message:
                found.append(("continuation-without-start", "a continuation of no message"))
        elif self._in_message:
            found.append(("message-inside-message", "a new message before the last one's end"))
        self._in_message = not header[0] & FIN
