"""corrupt: messages with wrong bits or bytes in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import attribute, choice, whole
from wsproxy.faults.base import Delivery, Fault, Here, message_of


@dataclass(frozen=True)
class Corrupt(Fault):
    """Damages the content of messages.

    A message arrives as long as it was, with `count` of its bits flipped or of its bytes
    replaced by other ones, at random places. Text may become invalid UTF-8, at which a receiver
    has to close the connection with 1007. Where messages are compressed, the content is damaged
    and compressed again.
    """

    kind: ClassVar[str] = "corrupt"
    example: ClassVar[str] = "corrupt:unit=bytes,count=2,probability=0.05"

    unit: str = attribute(choice("bits", "bytes"), "What is damaged.", "bits")
    count: int = attribute(whole(1), "How many of them, in each message.", 1)

    def explain(self) -> str:
        unit = self.unit if self.count > 1 else self.unit[:-1]
        verb = "flips" if self.unit == "bits" else "replaces"
        return f"{verb} {self.count} {unit} of each message"

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        passing = message_of(delivery)
        assert delivery is not None
        content = bytearray(passing.content)
        if not content or not passing.readable:
            return [delivery]
        size = len(content) * (8 if self.unit == "bits" else 1)
        places = sorted(here.random.sample(range(size), min(self.count, size)))
        for place in places:
            if self.unit == "bits":
                content[place // 8] ^= 1 << place % 8
            else:
                content[place] ^= here.random.randrange(1, 256)
        shown = ", ".join(map(str, places[:10])) + (", ..." if len(places) > 10 else "")
        here.struck(f"{self.unit} {shown} damaged", passing, passing.content, bytes(content))
        passing.change(bytes(content), here.cause)
        return [delivery]
