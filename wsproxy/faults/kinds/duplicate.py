"""duplicate: messages that arrive more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import attribute, whole
from wsproxy.faults.base import Delivery, Fault, Here, message_of
from wsproxy.model.inflight import injected


@dataclass(frozen=True)
class Duplicate(Fault):
    """Sends messages again.

    The receiver gets the same message `copies` times more, directly after the first. The copies
    are messages of their own: unfragmented and uncompressed, whatever the first one was.
    """

    kind: ClassVar[str] = "duplicate"
    example: ClassVar[str] = "duplicate:copies=1,every=5,stream=upstream"

    copies: int = attribute(whole(1, 1000), "How often a message is sent again.", 1)

    def explain(self) -> str:
        return f"sends messages again, {self.copies} time{'s' if self.copies > 1 else ''}"

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        passing = message_of(delivery)
        assert delivery is not None
        if not passing.readable:
            return [delivery]  # its bytes mean nothing without the extension that made them
        content = passing.content
        here.struck(f"sent {1 + self.copies} times", passing, content, content * (1 + self.copies))
        copies = (
            injected(passing.direction, passing.opcode, content, here.now, here.cause)
            for _ in range(self.copies)
        )
        return [delivery, *(Delivery(copy, delivery.at) for copy in copies)]
