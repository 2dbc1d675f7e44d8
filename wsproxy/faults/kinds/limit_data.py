"""limit_data: a connection that ends after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import SIZE, attribute, choice
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, Stage, unmasked, wire_of
from wsproxy.faults.steps import Cut
from wsproxy.model.inflight import InFlightMessage


@dataclass
class _Sent:
    bytes: int = 0


@dataclass(frozen=True)
class LimitData(Fault):
    """Cuts the connection after a number of bytes.

    Exactly `bytes` bytes pass in the direction, counted from the connection's opening (or from
    when the fault was added), often the beginning of a frame among them; then the connection
    ends without a Close frame, which clients call 1006.
    """

    type: ClassVar[str] = "limit_data"
    example: ClassVar[str] = "limit_data:bytes=10KB"
    paces: ClassVar[bool] = True
    stage: ClassVar[Stage] = Stage.CUTS
    scope: ClassVar[Scope] = Scope.ALL

    bytes: int = attribute(SIZE, "How many bytes pass, headers of frames included.")
    cut: str = attribute(choice("close", "reset"), "Whether to end with FIN or with RST.", "close")

    def explain(self) -> str:
        return f"cuts the connection ({self.cut}) after {self.bytes} bytes"

    def memory(self) -> _Sent:
        return _Sent()

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        sent: _Sent = context.memory
        start = sent.bytes
        passed: list[Delivery] = []
        for piece in pieces:
            data = wire_of(piece)
            room = self.bytes - sent.bytes
            sent.bytes += len(data)
            if len(data) <= room:
                passed.append(piece)
                continue
            if room > 0:
                passed.append(Delivery(data[:room], piece.at))
            if room >= 0:
                passed.append(Delivery(Cut(self.cut, context.cause), piece.at))
                before = unmasked(pieces)
                after = before[: self.bytes - start]
                context.struck(f"cut after {self.bytes} bytes", in_flight, before, after)
            sent.bytes = self.bytes + 1
            break
        return passed
