"""slow_close: a closing handshake that takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, message_of
from wsproxy.text.units import show_duration


@dataclass(frozen=True)
class SlowClose(Fault):
    """Delays Close frames.

    Messages flow as ever; a Close frame, and with it the end of the connection, comes `delay`
    late. A client that closes and waits for the answer waits that long, or gives up.
    """

    type: ClassVar[str] = "slow_close"
    example: ClassVar[str] = "slow_close:delay=5s"
    delays: ClassVar[bool] = True
    scope: ClassVar[Scope] = Scope.CLOSES

    delay: float = attribute(DURATION, "How much later a Close frame goes on.", 1.0)

    def explain(self) -> str:
        return f"delays Close frames by {show_duration(self.delay)}"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        assert delivery is not None
        delivery.at += self.delay
        in_flight = message_of(delivery)
        context.struck(f"Close delayed by {show_duration(self.delay)}", in_flight, b"", b"")
        return [delivery]
