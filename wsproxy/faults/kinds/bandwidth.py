"""bandwidth: a slow line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import RATE, attribute
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, Stage, wire_of
from wsproxy.model.inflight import InFlightMessage
from wsproxy.text.units import show_rate

PIECES_A_SECOND = 20
"""How evenly the bytes trickle."""


@dataclass
class _Line:
    free_at: float = 0.0
    """When the line will have sent what it was given."""


@dataclass(frozen=True)
class Bandwidth(Fault):
    """Limits how many bytes pass in a second.

    Everything arrives whole and in order, as slowly as a line of that rate would carry it: also
    parts of a frame, a little at a time. Each direction of each connection has a line of its own.
    """

    type: ClassVar[str] = "bandwidth"
    example: ClassVar[str] = "bandwidth:rate=64KB/s"
    paces: ClassVar[bool] = True
    delays: ClassVar[bool] = True
    stage: ClassVar[Stage] = Stage.BYTES
    scope: ClassVar[Scope] = Scope.ALL

    rate: int = attribute(RATE, "Bytes a second, headers of frames included.")

    def explain(self) -> str:
        return f"lets {show_rate(self.rate)} pass"

    def memory(self) -> _Line:
        return _Line()

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        line: _Line = context.memory
        size = max(self.rate // PIECES_A_SECOND, 1)
        slow: list[Delivery] = []
        total = 0
        for piece in pieces:
            data = wire_of(piece)
            if not data:
                slow.append(Delivery(piece.what, max(piece.at, line.free_at)))
                continue
            total += len(data)
            line.free_at = max(line.free_at, piece.at)
            for start in range(0, len(data), size):
                part = data[start : start + size]
                line.free_at += len(part) / self.rate
                slow.append(Delivery(part, line.free_at))
        seconds = total / self.rate
        context.struck(f"{total} bytes took {seconds * 1000:.0f} ms", in_flight, b"", b"")
        return slow
