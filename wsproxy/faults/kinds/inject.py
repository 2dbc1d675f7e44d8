"""inject: a message that nobody sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import TEXT, attribute, choice
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.model.inflight import injected
from wsproxy.protocol.frames import MAX_CONTROL_PAYLOAD, Opcode

OPCODES = {"text": Opcode.TEXT, "binary": Opcode.BINARY, "ping": Opcode.PING, "pong": Opcode.PONG}
DECODERS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda text: base64.b64decode(text, validate=True),
}


@dataclass(frozen=True)
class Inject(Fault):
    """Sends a message of its own.

    At its time (`after`, or as soon as the connection is open), or behind each message that
    meets its conditions. The receiver cannot tell it from its peer's.
    """

    type: ClassVar[str] = "inject"
    example: ClassVar[str] = """inject:content={"error": "busy"},match=~b subscribe"""
    timed: ClassVar[bool] = True

    content: str = attribute(TEXT, "What it says.")
    opcode: str = attribute(choice(*OPCODES), "What it is.", "text")
    encoding: str = attribute(choice(*DECODERS), "How `content` is written.", "utf-8")

    def explain(self) -> str:
        content = self.content if len(self.content) <= 40 else f"{self.content[:40]}..."
        return f"injects a {self.opcode} frame {content!r}"

    def check(self) -> None:
        try:
            payload = self._payload()
        except (ValueError, binascii.Error) as error:
            raise ValueError(f"content: this is not {self.encoding}: {error}") from None
        if OPCODES[self.opcode] >= Opcode.CLOSE and len(payload) > MAX_CONTROL_PAYLOAD:
            raise ValueError(f"content: a {self.opcode} has room for 125 bytes")

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        payload = self._payload()
        opcode = OPCODES[self.opcode]
        in_flight = message_of(delivery) if delivery is not None else None
        context.struck(f"{self.opcode} injected", in_flight, b"", payload)
        new = injected(context.direction, opcode, payload, context.now, context.cause)
        if delivery is None:
            return [Delivery(new, context.now)]
        return [delivery, Delivery(new, delivery.at)]

    def _payload(self) -> bytes:
        return DECODERS[self.encoding](self.content)
