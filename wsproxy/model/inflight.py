"""A message or a control frame on its way, held so that somebody may change it."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Frame, Opcode
from wsproxy.protocol.messages import Message


@dataclass(slots=True, eq=False)
class InFlightMessage:
    """A whole message with its frames, or a single control frame.

    Whoever may change it calls `change`, `drop` or `send_frames`; `LaneEncoder` turns what
    is left into bytes. Nothing called means: the bytes go on as they came.
    """

    direction: Direction
    time: float
    """When its last byte came, in seconds since the epoch."""
    opcode: int
    content: bytes
    """The message's content, inflated, or the control frame's payload."""
    frames: list[Frame]
    """The frames as they came; `send_frames` puts others in their place."""
    message: Message | None = None
    """None for a control frame."""
    number: int | None = None
    """Of the message, counted from 1 in each direction; None for a control frame."""
    verdict: str = "relayed"
    """`relayed`, `changed`, `dropped` or `injected`."""
    causes: list[str] = field(default_factory=list)
    """Who changed, dropped or injected it, e.g. `addon`, `fault latency`."""
    original: bytes = b""
    """The content as it came."""
    moved: bool = False
    """Whether it goes on in another place than it came."""
    wire: bytes | None = None
    """The bytes as they came, where they are at hand in one piece."""
    came: list[Frame] = field(init=False)
    """The frames as they came, whatever `frames` is now."""

    def __post_init__(self) -> None:
        self.came = self.frames

    @property
    def readable(self) -> bool:
        """Whether `content` is what the sender meant (and not compressed in an unknown way)."""
        return self.message is None or self.message.opaque is None

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
        """Send these frames, to the letter, in place of those that came."""
        self.frames = frames
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
    return InFlightMessage(
        direction, time, opcode, content, [], verdict="injected", causes=[cause], original=content
    )
