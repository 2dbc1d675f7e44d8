"""reorder: messages that overtake each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, attribute, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
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

    type: ClassVar[str] = "reorder"
    example: ClassVar[str] = "reorder:window=3,direction=downstream"
    delays: ClassVar[bool] = True

    window: int = attribute(whole(2, 1000), "How many messages are shuffled together.", 2)
    wait: float = attribute(DURATION, "The longest that a message is held for the next.", 1.0)

    def explain(self) -> str:
        return (
            f"shuffles every {self.window} messages,"
            f" holding none longer than {show_duration(self.wait)} for the next"
        )

    def memory(self) -> _Held:
        return _Held()

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        assert delivery is not None
        held: _Held = context.memory
        held.items.append(delivery)
        held.since = context.now
        return self.flush(context) if len(held.items) >= self.window else []

    def spare(self, delivery: Delivery, context: FaultContext) -> list[Delivery]:
        held: _Held = context.memory
        in_flight = message_of(delivery)
        if in_flight.opcode == Opcode.CLOSE:
            return [*self.flush(context), delivery]
        if held.items and not in_flight.is_control:
            in_flight.move(context.cause)  # it overtakes them
        return [delivery]

    def flush(self, context: FaultContext) -> list[Delivery]:
        held: _Held = context.memory
        before, held.items = held.items, []
        after = context.random.sample(before, len(before))
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if new is not old:
                in_flight = message_of(new)
                in_flight.move(context.cause)
                was, now = before.index(new) + 1, place + 1
                context.struck(
                    f"moved from place {was} to {now} of {len(before)}", in_flight, b"", b""
                )
        return after

    def due(self, context: FaultContext) -> float | None:
        held: _Held = context.memory
        return held.since + self.wait if held.items else None

    def tick(self, context: FaultContext) -> list[Delivery]:
        return self.flush(context)

    def release(self, context: FaultContext) -> list[Delivery]:
        held: _Held = context.memory
        items, held.items = held.items, []
        return items  # in the order they came

    def busy(self, context: FaultContext) -> bool:
        return bool(context.memory.items)
