"""drop: messages that never arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of


@dataclass(frozen=True)
class Drop(Fault):
    """Drops whole messages.

    The receiver sees nothing of them; what comes before and after arrives as it was.
    """

    type: ClassVar[str] = "drop"
    example: ClassVar[str] = "drop:probability=0.1,direction=upstream"

    def explain(self) -> str:
        return "drops messages"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        context.struck("dropped", in_flight, in_flight.content, b"")
        in_flight.drop(context.cause)
        return [delivery]  # the lane records what it does not send
