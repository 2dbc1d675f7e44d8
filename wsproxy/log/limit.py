"""Diagnostics of one kind, at most so many a second: the rest is counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

A_SECOND = 10
"""Records of one kind that are shown in a second."""

KINDS = 1000
"""Kinds that are told apart; beyond them, counting begins anew."""


class KindLimit(logging.Filter):
    """For a handler. A kind is the text of a record before its values are put in."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._kinds: dict[tuple[str, str], list[float]] = {}
        """By logger and text: the second, how many were shown in it, how many were not."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        second = float(int(self._now()))
        if len(self._kinds) >= KINDS:
            self._kinds.clear()
        kind = self._kinds.setdefault((record.name, str(record.msg)), [second, 0, 0])
        if kind[0] != second:
            kind[0], kind[1] = second, 0
        if kind[1] >= A_SECOND:
            kind[2] += 1
            return False
        kind[1] += 1
        if kind[2]:
            more, kind[2] = int(kind[2]), 0
            record.msg = f"{record.getMessage()} (and {more:,} more of this kind before)"
            record.args = ()
        return True
