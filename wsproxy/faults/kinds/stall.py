"""stall: silence with the connection open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute, choice
from wsproxy.faults.base import Delivery, Fault, Here, message_of
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

    kind: ClassVar[str] = "stall"
    example: ClassVar[str] = "stall:after=5s,cut_after=30s,cut=reset"
    timed: ClassVar[bool] = True

    cut_after: float = attribute(DURATION, "When to cut the connection; 0 is never.", 0.0)
    cut: str = attribute(choice("close", "reset"), "Whether to cut with FIN or with RST.", "close")

    def explain(self) -> str:
        cut = f", and cuts it ({self.cut}) after {show_duration(self.cut_after)}"
        return "goes silent with the connection open" + (cut if self.cut_after else "")

    def memory(self) -> _Silence:
        return _Silence()

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        silence: _Silence = here.memory
        rest = [delivery] if delivery is not None else []
        if silence.since is not None:
            return rest
        silence.since = here.now
        passing = message_of(delivery) if delivery is not None else None
        here.struck("silent from here on", passing, b"", b"")
        return [Delivery(Stall(), delivery.at if delivery is not None else here.now), *rest]

    def due(self, here: Here) -> float | None:
        silence: _Silence = here.memory
        if silence.since is None or not self.cut_after or silence.cut:
            return None
        return silence.since + self.cut_after

    def tick(self, here: Here) -> list[Delivery]:
        silence: _Silence = here.memory
        silence.cut = True
        here.struck(f"cut ({self.cut})", None, b"", b"")
        return [Delivery(Cut(self.cut, at_once=True), here.now)]

    def release(self, here: Here) -> list[Delivery]:
        silence: _Silence = here.memory
        return [Delivery(Resume(), here.now)] if silence.since is not None else []

    def busy(self, here: Here) -> bool:
        silence: _Silence = here.memory
        return silence.since is not None
