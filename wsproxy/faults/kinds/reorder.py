"""reorder: messages that overtake each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute, whole
from wsproxy.faults.base import Delivery, Fault, Here, message_of
from wsproxy.protocol.frames import Opcode
from wsproxy.text.units import show_duration


@dataclass
class _Held:
    items: list[Delivery] = field(default_factory=list)
    since: float = 0.0


@dataclass(frozen=True)
class Reorder(Fault):
    """Changes the order of messages.

    Collects `window` messages and passes them on shuffled; where the next one does not come
    within `wait`, it passes on those it has. Every message arrives once, whole. Control frames,
    and messages that other conditions leave out, overtake those that are collected; a Close
    frame overtakes nothing.
    """

    kind: ClassVar[str] = "reorder"
    example: ClassVar[str] = "reorder:window=3,stream=downstream"

    window: int = attribute(whole(2, 1000), "How many messages are shuffled together.", 2)
    wait: float = attribute(DURATION, "The longest that a message is held for the next.", 1.0)

    def explain(self) -> str:
        return (
            f"shuffles every {self.window} messages,"
            f" holding none longer than {show_duration(self.wait)} for the next"
        )

    def memory(self) -> _Held:
        return _Held()

    def strike(self, delivery: Delivery | None, here: Here) -> list[Delivery]:
        assert delivery is not None
        held: _Held = here.memory
        held.items.append(delivery)
        held.since = here.now
        return self.flush(here) if len(held.items) >= self.window else []

    def spare(self, delivery: Delivery, here: Here) -> list[Delivery]:
        held: _Held = here.memory
        passing = message_of(delivery)
        if passing.opcode == Opcode.CLOSE:
            return [*self.flush(here), delivery]
        if held.items and not passing.is_control:
            passing.move(here.cause)  # it overtakes them
        return [delivery]

    def flush(self, here: Here) -> list[Delivery]:
        held: _Held = here.memory
        before, held.items = held.items, []
        after = here.random.sample(before, len(before))
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if new is not old:
                passing = message_of(new)
                passing.move(here.cause)
                was, now = before.index(new) + 1, place + 1
                here.struck(f"moved from place {was} to {now} of {len(before)}", passing, b"", b"")
        return after

    def due(self, here: Here) -> float | None:
        held: _Held = here.memory
        return held.since + self.wait if held.items else None

    def tick(self, here: Here) -> list[Delivery]:
        return self.flush(here)

    def release(self, here: Here) -> list[Delivery]:
        held: _Held = here.memory
        items, held.items = held.items, []
        return items  # in the order they came

    def busy(self, here: Here) -> bool:
        return bool(here.memory.items)
