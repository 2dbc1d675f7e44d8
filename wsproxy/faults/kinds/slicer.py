"""slicer: bytes in small pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import DURATION, SIZE, attribute
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, Stage, wire_bytes
from wsproxy.model.inflight import InFlightMessage
from wsproxy.text.units import show_duration


@dataclass(frozen=True)
class Slicer(Fault):
    """Cuts what is sent into small TCP pieces with pauses between them.

    Everything arrives whole and in order, but a frame comes in many reads, its header too. A
    receiver that takes one read for one frame falls over it.
    """

    type: ClassVar[str] = "slicer"
    example: ClassVar[str] = "slicer:size=10,variation=5,pause=20ms"
    paces: ClassVar[bool] = True
    delays: ClassVar[bool] = True
    stage: ClassVar[Stage] = Stage.BYTES
    scope: ClassVar[Scope] = Scope.ALL

    size: int = attribute(SIZE, "Bytes of a piece.", 16)
    variation: int = attribute(SIZE, "At most this many bytes more or less.", 0)
    pause: float = attribute(DURATION, "How long to wait before the next piece.", 0.01)

    def explain(self) -> str:
        size = f"{self.size}" + (f" (± {self.variation})" if self.variation else "")
        return f"cuts what is sent into {size} bytes, {show_duration(self.pause)} apart"

    def check(self) -> None:
        if self.size <= self.variation:
            raise ValueError("size must be more than variation, or a piece would be empty")

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        sliced: list[Delivery] = []
        before = wire_bytes(pieces)
        late = 0.0
        for piece in pieces:
            data = wire_bytes([piece])
            if not data:
                sliced.append(Delivery(piece.what, piece.at + late))
            while data:
                size = self.size
                if self.variation:
                    size += context.random.randint(-self.variation, self.variation)
                sliced.append(Delivery(data[:size], piece.at + late))
                data = data[size:]
                late += self.pause
        context.struck(f"{len(before)} bytes in {len(sliced)} pieces", in_flight, b"", b"")
        return sliced
