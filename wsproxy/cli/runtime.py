"""What every command that runs a proxy needs of the process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Coroutine
from traceback import format_exception
from typing import Any, TextIO, cast

from wsproxy.cli.debug import HINT, debugging
from wsproxy.log.limit import KindLimit
from wsproxy.log.output import Background, Unbuffered
from wsproxy.render.text import printable

SWITCH_SECONDS = 0.0005
"""How long the capture's writer or a search may keep the interpreter from the relay; Python's own
value is 5 ms."""


class _Lines(logging.Formatter):
    """Diagnostics as one line each; with `traceback` what comes with them follows."""

    def __init__(self, *, traceback: bool) -> None:
        super().__init__()
        self._traceback = traceback

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and repr(error) not in text:
            text += f": {error!r}"
        # asyncio's messages have several lines; what a peer sent may hold anything.
        line = f"wsproxy: {record.levelname.lower()}: {printable(' '.join(text.split()))}"
        if error is None:
            return line
        if not self._traceback:
            return f"{line} {HINT}"
        return line + "\n" + "".join(format_exception(error)).rstrip()


class _ToStderr(logging.Handler):
    """Writes to what is standard error at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(record)


LEVELS = {-2: logging.ERROR, -1: logging.WARNING, 0: logging.WARNING, 1: logging.INFO}
"""The least level of diagnostics that is shown, by verbosity."""

FAILURES = "wsproxy.engine.listener"
"""The logger of requests that failed: lines of the log say so as well, where there are any."""


def configure_logging(verbosity: int = 0) -> None:
    """Send diagnostics to standard error.

    `verbosity`: -2 errors, -1 what failed (for no frames are printed), 0 warnings, 1 more, 2 all.
    """
    handler = _ToStderr()
    handler.setFormatter(_Lines(traceback=debugging()))
    handler.addFilter(KindLimit())
    level = LEVELS.get(max(verbosity, -2), logging.DEBUG)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if verbosity == -1:
        logging.getLogger(FAILURES).setLevel(logging.INFO)
    # Libraries' own remarks are for those who want everything.
    for name in ("asyncio", "aiohttp", "websockets"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING if verbosity < 2 else level))


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on uvloop where it exists, else on asyncio's own loop.

    Meanwhile nothing waits for who reads standard error.
    """
    # A relay makes many short-lived tuples and few cycles: look for cycles less often.
    gc.set_threshold(50_000, 20, 20)
    gc.freeze()  # what was imported stays: to look through it takes 25 ms, in which nobody relays
    sys.setswitchinterval(SWITCH_SECONDS)
    with (
        contextlib.closing(Background(Unbuffered(sys.stderr))) as diagnostics,
        contextlib.redirect_stderr(cast("TextIO", diagnostics)),
        asyncio.Runner(debug=debugging(), loop_factory=_loop_factory()) as runner,
    ):
        runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        return None
    return uvloop.new_event_loop
