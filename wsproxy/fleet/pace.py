"""How fast a capture is sent: the relay comes first, for it shares its process with the sender."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

SHARE = 0.1
"""Of a core, that sending may take while the rest of the process is busy."""

BUSY = 0.5
"""Of a core; a process that uses less has time for sending."""

MOST_SECONDS = 1.0
"""How long the sender waits at most."""


class Spent(NamedTuple):
    """Seconds so far."""

    wall: float
    sending: float
    """Processor time of the sender's thread."""
    process: float
    """Processor time of all threads."""


def spent() -> Spent:
    """What the calling thread and its process have spent."""
    return Spent(time.monotonic(), time.thread_time(), time.process_time())


class Pace:
    """Says how long to wait, where nothing is urgent."""

    def __init__(self, spent: Callable[[], Spent] = spent) -> None:
        """`spent` is called on the sender's thread."""
        self._spent = spent
        self._before = spent()
        self._owed = 0.0

    def wait(self, *, urgent: bool) -> float:
        """Seconds until the next group may go out, after the last one."""
        now, before = self._spent(), self._before
        self._before = now
        passed, sending = now.wall - before.wall, now.sending - before.sending
        others = now.process - before.process - sending
        if urgent or others < BUSY * passed:
            self._owed = 0.0
        else:
            self._owed = min(max(self._owed + sending / SHARE - passed, 0.0), MOST_SECONDS)
        return self._owed
