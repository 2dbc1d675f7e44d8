"""A message or a control frame on its way, held so that somebody may change it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Frame, Opcode


class InFlightMessage:
    """A whole message, or a single control frame.

    Whoever may change it calls `change`, `drop` or `send_frames`; `LaneEncoder` turns what
    is left into bytes. Nothing called means: the bytes go on as they came.
    """

    __slots__ = (
        "_came",
        "_sends",
        "_starts",
        "causes",
        "compressed",
        "content",
        "direction",
        "moved",
        "number",
        "opaque",
        "opcode",
        "original",
        "time",
        "verdict",
        "wire",
    )

    def __init__(
        self,
        direction: Direction,
        time: float,
        opcode: int,
        content: bytes,
        wire: bytes = b"",
        *,
        number: int | None = None,
        compressed: bool = False,
        opaque: str | None = None,
        starts: Sequence[int] = (0,),
    ) -> None:
        """`wire` is all its frames as they came, `starts` where each of them begins in it."""
        self.direction = direction
        self.time = time
        """When its last byte came, in seconds since the epoch."""
        self.opcode = opcode
        self.content = content
        """The message's content, inflated, or the control frame's payload."""
        self.wire = wire
        """The bytes as they came; empty for what no peer sent."""
        self.number = number
        """Of the message, counted from 1 in each direction; None for a control frame."""
        self.compressed = compressed
        """Whether its frames are compressed by permessage-deflate (RFC 7692)."""
        self.opaque = opaque
        """Why `content` is not what the sender meant, or None."""
        self.verdict = "relayed"
        """`relayed`, `changed`, `dropped` or `injected`."""
        self.causes: list[str] = []
        """Who changed, dropped or injected it, e.g. `addon`, `fault latency`."""
        self.original = content
        """The content as it came."""
        self.moved = False
        """Whether it goes on in another place than it came."""
        self._starts = starts
        self._came: list[Frame] | None = None
        self._sends: list[Frame] | None = None

    @property
    def came(self) -> list[Frame]:
        """The frames as they came, cut out of `wire` at the first call."""
        if self._came is None:
            stops = [*self._starts, len(self.wire)]
            self._came = (
                [Frame.of(self.wire[start:stop]) for start, stop in pairwise(stops)]
                if self.wire
                else []
            )
        return self._came

    @property
    def frames(self) -> list[Frame]:
        """The frames to send in place of those that came, or else these."""
        return self.came if self._sends is None else self._sends

    @property
    def reframed(self) -> bool:
        """Whether somebody gave other frames to send."""
        return self._sends is not None

    @property
    def fragmented(self) -> bool:
        """Whether it came in more than one frame."""
        return len(self._starts) > 1

    @property
    def payload_length(self) -> int:
        """Payload bytes on the wire, all frames together."""
        if self.compressed or self.opaque is not None:
            return sum(frame.payload_length for frame in self.came)
        return len(self.original)

    @property
    def readable(self) -> bool:
        """Whether `content` is what the sender meant (and not compressed in an unknown way)."""
        return self.opaque is None

    @property
    def is_control(self) -> bool:
        return self.opcode >= Opcode.CLOSE

    def change(self, content: bytes, cause: str) -> None:
        """Send `content` in place of what came."""
        if content != self.content:
            self.content = content
            self._mark("changed", cause)

    def drop(self, cause: str) -> None:
        """Send nothing."""
        self._mark("dropped", cause)

    def send_frames(self, frames: list[Frame], cause: str) -> None:
        """Send these frames, verbatim, in place of those that came."""
        self._sends = frames
        self._mark("changed", cause)

    def move(self, cause: str) -> None:
        """It goes on in another place than it came."""
        self.moved = True
        self.causes.append(cause)

    def _mark(self, verdict: str, cause: str) -> None:
        if self.verdict != "injected":
            self.verdict = verdict
        elif verdict == "dropped":
            self.verdict = "dropped"
        self.causes.append(cause)


def injected(
    direction: Direction, opcode: int, content: bytes, time: float, cause: str
) -> InFlightMessage:
    """A message or control frame that no peer sent."""
    made = InFlightMessage(direction, time, opcode, content)
    made.verdict = "injected"
    made.causes.append(cause)
    return made
