"""malformed: frames that break RFC 6455."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import attribute, choice
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import FIN, RSV2, RSV3, Opcode, encode_header
from wsproxy.protocol.masking import apply_mask

Key = bytes | None


def _frame(first: int, payload: bytes, key: Key) -> bytes:
    body = apply_mask(payload, key) if key is not None else payload
    return encode_header(first, len(payload), key) + body


WAYS: dict[str, tuple[str, Callable[[Key], bytes]]] = {
    "reserved_bits": (
        "a text frame with RSV2 and RSV3 set (section 5.2)",
        lambda key: _frame(FIN | RSV2 | RSV3 | Opcode.TEXT, b"reserved bits", key),
    ),
    "reserved_opcode": (
        "a frame with the opcode 0x3 (section 5.2)",
        lambda key: _frame(FIN | 0x3, b"reserved opcode", key),
    ),
    "wrong_masking": (
        "a masked frame from the server, or an unmasked one from the client (section 5.1)",
        lambda key: _frame(FIN | Opcode.TEXT, b"wrong masking", key),
    ),
    "bad_close_code": (
        "a Close frame with the code 1005, which must not be sent (section 7.4.1)",
        lambda key: _frame(FIN | Opcode.CLOSE, (1005).to_bytes(2, "big"), key),
    ),
    "oversize_control": (
        "a ping of 126 bytes (section 5.5)",
        lambda key: _frame(FIN | Opcode.PING, b"x" * 126, key),
    ),
    "fragmented_control": (
        "a ping without FIN (section 5.5)",
        lambda key: _frame(Opcode.PING, b"fragmented", key),
    ),
    "orphan_continuation": (
        "a continuation of nothing (section 5.4)",
        lambda key: _frame(FIN | Opcode.CONTINUATION, b"orphan", key),
    ),
    "invalid_utf8": (
        "a text frame that is not UTF-8 (section 8.1)",
        lambda key: _frame(FIN | Opcode.TEXT, b"\xc3\x28", key),
    ),
}
"""Each with what it is, in words, and the frame's bytes for a masking key (None: unmasked)."""


@dataclass(frozen=True)
class Malformed(Fault):
    """Puts a frame that breaks RFC 6455 before a message.

    The receiver has to fail the connection: with the close code 1002 (protocol error), for
    `invalid_utf8` with 1007. Which rule is broken is chosen by `how`.
    """

    type: ClassVar[str] = "malformed"
    example: ClassVar[str] = "malformed:how=reserved_opcode,nth=2"

    how: str = attribute(choice(*WAYS), "Which rule is broken.")

    def explain(self) -> str:
        return f"puts {WAYS[self.how][0]} before a message"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        key = context.masking_key
        if self.how == "wrong_masking":
            key = None if context.direction is Direction.UPSTREAM else context.random.randbytes(4)
        data = WAYS[self.how][1](key)
        context.struck(f"{self.how} before it", in_flight, b"", data)
        return [Delivery(data, delivery.at), delivery]
