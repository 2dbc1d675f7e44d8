"""reset: a connection torn down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, Here, message_of
from wsproxy.faults.steps import Cut


@dataclass(frozen=True)
class Reset(Fault):
    """Breaks the connection off with a TCP reset.

    Both sides see a reset (ECONNRESET), without a Close frame, which clients call 1006. The
    message that meets the conditions is lost.
    """

    kind: ClassVar[str] = "reset"
    example: ClassVar[str] = "reset:after=10s,toxicity=0.3"
    timed: ClassVar[bool] = True

    def explain(self) -> str:
        return "breaks the connection off with a TCP reset"

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        cut = Delivery(Cut("reset"), delivery.at if delivery is not None else here.now)
        if delivery is None:
            here.struck("connection reset", None, b"", b"")
            return [cut]
        passing = message_of(delivery)
        here.struck("connection reset", passing, passing.content, b"")
        passing.drop(here.cause)
        return [delivery, cut]
