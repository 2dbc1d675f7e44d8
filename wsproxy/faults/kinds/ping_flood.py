"""ping_flood: more pings than anybody asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import TEXT, attribute, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext
from wsproxy.model.inflight import injected
from wsproxy.protocol.frames import MAX_CONTROL_PAYLOAD, Opcode


@dataclass
class _Flood:
    next: float | None = None
    sent: int = 0


@dataclass(frozen=True)
class PingFlood(Fault):
    """Sends pings all the time.

    The receiver gets `rate` pings a second beside the messages, and answers each (its pongs reach
    the other side, which never pinged: RFC 6455, section 5.5.3 lets it ignore them).
    """

    type: ClassVar[str] = "ping_flood"
    example: ClassVar[str] = "ping_flood:rate=100,count=1000"
    timed: ClassVar[bool] = True

    rate: int = attribute(whole(1, 10_000), "Pings a second.", 100)
    count: int = attribute(whole(0), "How many in all; 0 is without end.", 0)
    payload: str = attribute(TEXT, "What each carries.", "")

    def explain(self) -> str:
        most = f", {self.count} in all" if self.count else ""
        return f"sends {self.rate} pings a second{most}"

    def check(self) -> None:
        if len(self.payload.encode()) > MAX_CONTROL_PAYLOAD:
            raise ValueError("the payload of a ping has room for 125 bytes")

    def memory(self) -> _Flood:
        return _Flood()

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        flood: _Flood = context.memory
        if flood.next is None:
            flood.next = context.now
        return [delivery] if delivery is not None else []

    def due(self, context: FaultContext) -> float | None:
        flood: _Flood = context.memory
        return None if self.count and flood.sent >= self.count else flood.next

    def tick(self, context: FaultContext) -> list[Delivery]:
        flood: _Flood = context.memory
        assert flood.next is not None
        pings: list[Delivery] = []
        # More than one where the loop came late; no more than a second's, should it have slept.
        flood.next = max(flood.next, context.now - 1.0)
        while flood.next <= context.now and not (self.count and flood.sent >= self.count):
            flood.sent += 1
            flood.next += 1 / self.rate
            payload = self.payload.encode()
            ping = injected(context.direction, Opcode.PING, payload, context.now, context.cause)
            context.struck(f"ping {flood.sent} sent", ping, b"", payload)
            pings.append(Delivery(ping, context.now))
        return pings

    def busy(self, context: FaultContext) -> bool:
        return self.due(context) is not None
