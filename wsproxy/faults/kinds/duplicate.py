"""duplicate: messages that arrive more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import attribute, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.model.inflight import injected


@dataclass(frozen=True)
class Duplicate(Fault):
    """Sends messages again.

    The receiver gets the same message `copies` times more, directly after the first. The copies
    are messages of their own: unfragmented and uncompressed, whatever the first one was.
    """

    type: ClassVar[str] = "duplicate"
    example: ClassVar[str] = "duplicate:copies=1,every=5,direction=upstream"

    copies: int = attribute(whole(1, 1000), "How often a message is sent again.", 1)

    def explain(self) -> str:
        return f"sends messages again, {self.copies} time{'s' if self.copies > 1 else ''}"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        if not in_flight.readable:
            return [delivery]  # its bytes mean nothing without the extension that made them
        content = in_flight.content
        context.struck(
            f"sent {1 + self.copies} times", in_flight, content, content * (1 + self.copies)
        )
        copies = (
            injected(in_flight.direction, in_flight.opcode, content, context.now, context.cause)
            for _ in range(self.copies)
        )
        return [delivery, *(Delivery(copy, delivery.at) for copy in copies)]
