"""corrupt: messages with wrong bits or bytes in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import attribute, choice, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of


@dataclass(frozen=True)
class Corrupt(Fault):
    """Damages the content of messages.

    A message arrives as long as it was, with `count` of its bits flipped or of its bytes
    replaced by other ones, at random places. Text may become invalid UTF-8, at which a receiver
    has to close the connection with 1007. Where messages are compressed, the content is damaged
    and compressed again.
    """

    type: ClassVar[str] = "corrupt"
    example: ClassVar[str] = "corrupt:unit=bytes,count=2,probability=0.05"

    unit: str = attribute(choice("bits", "bytes"), "What is damaged.", "bits")
    count: int = attribute(whole(1), "How many of them, in each message.", 1)

    def explain(self) -> str:
        unit = self.unit if self.count > 1 else self.unit[:-1]
        verb = "flips" if self.unit == "bits" else "replaces"
        return f"{verb} {self.count} {unit} of each message"

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        content = bytearray(in_flight.content)
        if not content or not in_flight.readable:
            return [delivery]
        size = len(content) * (8 if self.unit == "bits" else 1)
        places = sorted(context.random.sample(range(size), min(self.count, size)))
        for place in places:
            if self.unit == "bits":
                content[place // 8] ^= 1 << place % 8
            else:
                content[place] ^= context.random.randrange(1, 256)
        shown = ", ".join(map(str, places[:10])) + (", ..." if len(places) > 10 else "")
        context.struck(f"{self.unit} {shown} damaged", in_flight, in_flight.content, bytes(content))
        in_flight.change(bytes(content), context.cause)
        return [delivery]
