"""What every command that runs a proxy needs of the process."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from typing import Any


class _OneLine(logging.Formatter):
    """Diagnostics as one line each: no stack trace for what a user or a peer did wrong."""

    def format(self, record: logging.LogRecord) -> str:
        return f"wsproxy: {record.levelname.lower()}: {record.getMessage()}"


def configure_logging() -> None:
    """Send diagnostics to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on uvloop where it exists, else on asyncio's own loop."""
    # A relay makes many short-lived tuples and few cycles: look for cycles less often.
    gc.set_threshold(50_000, 20, 20)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        return None
    return uvloop.new_event_loop
