"""What a lane is told to do with what passes: the language between faults and the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from wsproxy.model.inflight import InFlightMessage
from wsproxy.protocol.frames import Frame

Shape: TypeAlias = "Callable[[list[Frame]], list[Step]]"


@dataclass(slots=True)
class Send:
    """Encode and send a message or control frame, `delay` seconds from now at the earliest."""

    in_flight: InFlightMessage
    delay: float = 0.0
    shape: Shape | None = None
    """Is given the encoded frames and says what to do instead of sending them."""


@dataclass(slots=True)
class SendBytes:
    """Send bytes as they are."""

    data: bytes
    delay: float = 0.0


@dataclass(slots=True)
class Cut:
    """End the connection: `close` (FIN to both) or `reset` (RST to both)."""

    how: str
    by: str
    """Which fault wants it, e.g. `fault half`."""
    delay: float = 0.0
    at_once: bool = False
    """Do not wait for what is to be sent before."""


@dataclass(slots=True)
class Stall:
    """Hold everything in this direction, the end of the stream included, until Resume."""

    delay: float = 0.0


@dataclass(slots=True)
class Resume:
    """Undo Stall: what was held goes on, in order."""

    delay: float = 0.0


Step = Send | SendBytes | Cut | Stall | Resume
