"""stall: silence with the connection open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute, choice
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.faults.steps import Cut, Resume, Stall
from wsproxy.text.units import show_duration


@dataclass
class _Silence:
    since: float | None = None
    cut: bool = False


@dataclass(frozen=True)
class Stalled(Fault):
    """Holds everything back and keeps the connection open.

    The receiver sees silence: no message, no ping, no pong, no end. With `cut_after` the
    connection is cut when that time is over. Otherwise all goes on, in order and complete, when
    the fault is removed or its `for` is over. The message that meets the conditions is the first
    to be held.
    """

    type: ClassVar[str] = "stall"
    example: ClassVar[str] = "stall:after=5s,cut_after=30s,cut=reset"
    delays: ClassVar[bool] = True
    timed: ClassVar[bool] = True

    cut_after: float = attribute(DURATION, "When to cut the connection; 0 is never.", 0.0)
    cut: str = attribute(choice("close", "reset"), "Whether to cut with FIN or with RST.", "close")

    def explain(self) -> str:
        cut = f", and cuts it ({self.cut}) after {show_duration(self.cut_after)}"
        return "goes silent with the connection open" + (cut if self.cut_after else "")

    def memory(self) -> _Silence:
        return _Silence()

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        silence: _Silence = context.memory
        rest = [delivery] if delivery is not None else []
        if silence.since is not None:
            return rest
        silence.since = context.now
        in_flight = message_of(delivery) if delivery is not None else None
        context.struck("silent from here on", in_flight, b"", b"")
        return [Delivery(Stall(), delivery.at if delivery is not None else context.now), *rest]

    def due(self, context: FaultContext) -> float | None:
        silence: _Silence = context.memory
        if silence.since is None or not self.cut_after or silence.cut:
            return None
        return silence.since + self.cut_after

    def tick(self, context: FaultContext) -> list[Delivery]:
        silence: _Silence = context.memory
        silence.cut = True
        context.struck(f"cut ({self.cut})", None, b"", b"")
        return [Delivery(Cut(self.cut, context.cause, at_once=True), context.now)]

    def release(self, context: FaultContext) -> list[Delivery]:
        silence: _Silence = context.memory
        return [Delivery(Resume(), context.now)] if silence.since is not None else []

    def busy(self, context: FaultContext) -> bool:
        silence: _Silence = context.memory
        return silence.since is not None
