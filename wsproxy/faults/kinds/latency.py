"""latency: everything comes later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope
from wsproxy.model.inflight import InFlightMessage
from wsproxy.text.units import show_duration


@dataclass(frozen=True)
class Latency(Fault):
    """Delays messages and control frames.

    Everything arrives whole and in order, `latency` after it was sent. The delay counts from
    when a message came to the proxy, so that the delays of many messages do not add up.
    """

    type: ClassVar[str] = "latency"
    example: ClassVar[str] = "latency:latency=200ms,jitter=50ms,direction=downstream"
    paces: ClassVar[bool] = True
    delays: ClassVar[bool] = True
    scope: ClassVar[Scope] = Scope.ALL
    only_delays: ClassVar[bool] = True

    latency: float = attribute(DURATION, "How much later a message goes on.")
    jitter: float = attribute(DURATION, "At most this much more or less, evenly spread.", 0.0)

    def explain(self) -> str:
        jitter = f", give or take {show_duration(self.jitter)}" if self.jitter else ""
        return f"delays everything by {show_duration(self.latency)}{jitter}"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        assert delivery is not None
        delay = self.latency
        if self.jitter:
            delay = max(delay + context.random.uniform(-self.jitter, self.jitter), 0.0)
        delivery.at += delay
        what = delivery.what if isinstance(delivery.what, InFlightMessage) else None
        context.struck(f"delayed by {delay * 1000:.0f} ms", what, b"", b"")
        return [delivery]
