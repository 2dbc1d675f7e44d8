"""reset: a connection torn down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.faults.steps import Cut


@dataclass(frozen=True)
class Reset(Fault):
    """Breaks the connection off with a TCP reset.

    Both sides see a reset (ECONNRESET), without a Close frame, which clients call 1006. The
    message that meets the conditions is lost.
    """

    type: ClassVar[str] = "reset"
    example: ClassVar[str] = "reset:after=10s,toxicity=0.3"
    timed: ClassVar[bool] = True

    def explain(self) -> str:
        return "breaks the connection off with a TCP reset"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        cut = Delivery(
            Cut("reset", context.cause), delivery.at if delivery is not None else context.now
        )
        if delivery is None:
            context.struck("connection reset", None, b"", b"")
            return [cut]
        in_flight = message_of(delivery)
        context.struck("connection reset", in_flight, in_flight.content, b"")
        in_flight.drop(context.cause)
        return [delivery, cut]
