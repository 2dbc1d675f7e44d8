"""drop: messages that never arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.base import Delivery, Fault, Here, message_of


@dataclass(frozen=True)
class Drop(Fault):
    """Drops whole messages.

    The receiver sees nothing of them; what comes before and after arrives as it was.
    """

    kind: ClassVar[str] = "drop"
    example: ClassVar[str] = "drop:probability=0.1,stream=upstream"

    def explain(self) -> str:
        return "drops messages"

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        passing = message_of(delivery)
        assert delivery is not None
        here.struck("dropped", passing, passing.content, b"")
        passing.drop(here.cause)
        return [delivery]  # the lane records what it does not send
