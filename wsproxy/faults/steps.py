"""What a lane is told to do with what passes: the language between faults and the session."""

from __future__ import annotations

from dataclasses import dataclass

from wsproxy.passing import Passing


@dataclass(slots=True)
class Send:
    """Encode and send a message or control frame, `delay` seconds from now at the earliest."""

    passing: Passing
    delay: float = 0.0


@dataclass(slots=True)
class SendBytes:
    """Send bytes as they are."""

    data: bytes
    delay: float = 0.0


@dataclass(slots=True)
class Cut:
    """End the connection: `close` (FIN to both), `reset` (RST to both), or `stall`: nothing more
    passes in this direction, with the connection open.
    """

    how: str
    delay: float = 0.0


Step = Send | SendBytes | Cut
