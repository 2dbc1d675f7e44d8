"""truncate: a frame that does not come to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import SHARE, attribute, choice
from wsproxy.faults.base import Delivery, Fault, FaultContext, Stage, unmasked, wire_bytes
from wsproxy.faults.steps import Cut
from wsproxy.model.inflight import InFlightMessage


@dataclass(frozen=True)
class Truncate(Fault):
    """Breaks off in the middle of a message's last frame.

    The frame announces more than comes, then the connection is cut. The receiver never gets the
    message; it sees the end of the connection without a Close frame, which clients call 1006.
    """

    type: ClassVar[str] = "truncate"
    example: ClassVar[str] = "truncate:keep=0.5,nth=3"
    stage: ClassVar[Stage] = Stage.CUTS

    keep: float = attribute(SHARE, "The share of the message's bytes that is still sent.", 0.5)
    cut: str = attribute(choice("close", "reset"), "Whether to end with FIN or with RST.", "close")

    def explain(self) -> str:
        share = f"{self.keep * 100:.4g} %"
        return f"sends {share} of a message's bytes, then cuts the connection ({self.cut})"

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        before = wire_bytes(pieces)
        # At least a byte, or nothing would be announced; at least one is missing.
        size = max(min(int(len(before) * self.keep), len(before) - 1), 1)
        at = pieces[-1].at
        plain = unmasked(pieces)
        context.struck(f"cut after {size} of {len(before)} bytes", in_flight, plain, plain[:size])
        return [Delivery(before[:size], at), Delivery(Cut(self.cut, context.cause), at)]
