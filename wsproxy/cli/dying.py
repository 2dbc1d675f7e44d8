"""Children that end with us, however we end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when the thread that started it has ended."""


def with_parent() -> Callable[[], None] | None:
    """What a child has to do before it runs its program (`preexec_fn`), so that it gets SIGTERM
    when we are gone, also by SIGKILL; None where the system cannot (it is Linux's).
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # now: little may be done between fork and exec
    us = os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != us:  # we were gone before it could be said
            os._exit(1)

    return before_exec
