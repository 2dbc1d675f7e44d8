"""A look at hooks from outside: which one blocks the event loop, and how it can be ended."""

from __future__ import annotations

import inspect
import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

LOOK_SECONDS = 0.25
BLOCKED_SECONDS = 1.0
"""How long a hook may block before the log names it."""

PATIENCE_SECONDS = 2.0
"""How long a hook may go on blocking when the proxy is to stop."""

Running = tuple[Callable[..., Any], float]

_log = logging.getLogger("wsproxy.addons")


class HookInterruptedError(BaseException):
    """Raised inside a hook that blocks while the proxy is to stop."""


class HookWatch:
    """Watches from a thread of its own, for the event loop is what may be blocked."""

    def __init__(self, running: Callable[[], Running | None]) -> None:
        """`running` gives the hook that runs, and since when (time.monotonic)."""
        self._running = running
        self._stopping: float | None = None
        self._interrupting = False
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="hooks", daemon=True).start()

    def signalled(self) -> None:
        """From a signal's handler in the main thread: the proxy is to stop.

        Raises HookInterruptedError into the hook that has blocked it for too long.
        """
        if self._interrupting and self._running() is not None:
            self._interrupting = False
            raise HookInterruptedError("interrupted, for wsproxy stops")
        if self._stopping is None:
            self._stopping = time.monotonic()

    def close(self) -> None:
        """Stop watching."""
        self._over.set()

    def _watch(self) -> None:
        named: Running | None = None
        while not self._over.wait(LOOK_SECONDS):
            running = self._running()
            if running is None:
                continue
            function, since = running
            now = time.monotonic()
            if now - since > BLOCKED_SECONDS and running is not named:
                named = running
                _log.warning("the hook %s blocks the proxy, and all connections", where(function))
            if self._stopping is None or now - max(since, self._stopping) < PATIENCE_SECONDS:
                continue
            self._interrupting = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def where(function: Callable[..., Any]) -> str:
    """A hook by its name, file and line."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}, line {code.co_firstlineno})" if code else name
