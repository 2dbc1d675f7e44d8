"""fragment: messages in many frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from wsproxy.faults.attributes import BOOLEAN, attribute, whole
from wsproxy.faults.base import Delivery, Fault, FaultContext, Stage, unmasked
from wsproxy.model.inflight import InFlightMessage
from wsproxy.protocol.frames import Frame, Opcode, make_frame


@dataclass(frozen=True)
class Fragment(Fault):
    """Splits messages into several frames.

    The receiver gets the same message in `frames` frames, as RFC 6455, section 5.4 allows; with
    `pings` there is a ping between each two of them. A receiver that takes a frame for a message
    falls over it. Compressed messages are split as they are.
    """

    type: ClassVar[str] = "fragment"
    example: ClassVar[str] = "fragment:frames=3,pings=true"
    stage: ClassVar[Stage] = Stage.FRAMES

    frames: int = attribute(whole(2, 10_000), "How many frames a message is split into.", 2)
    pings: bool = attribute(BOOLEAN, "Whether to put pings between them.", False)

    def explain(self) -> str:
        pings = " with pings between them" if self.pings else ""
        return f"splits messages into {self.frames} frames{pings}"

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        frames = [piece.what for piece in pieces if isinstance(piece.what, Frame)]
        if in_flight is None or in_flight.is_control or len(frames) != len(pieces):
            return pieces
        at = pieces[0].at
        split = [Delivery(frame, at) for frame in self._split(frames, context)]
        detail = f"{len(frames)} frames became {len(split)}"
        context.struck(detail, in_flight, unmasked(pieces), unmasked(split))
        return split

    def _split(self, frames: list[Frame], context: FaultContext) -> list[Frame]:
        payload = b"".join(frame.payload for frame in frames)
        size = -(-len(payload) // self.frames)
        split: list[Frame] = []
        for index in range(self.frames):
            if index and self.pings:
                split.append(make_frame(Opcode.PING, b"", masking_key=context.masking_key))
            split.append(
                make_frame(
                    Opcode.CONTINUATION if index else frames[0].opcode,
                    payload[index * size : (index + 1) * size],
                    fin=index == self.frames - 1,
                    rsv1=frames[0].rsv1 and not index,  # RFC 7692, section 6.1
                    masking_key=context.masking_key,
                )
            )
        return split
