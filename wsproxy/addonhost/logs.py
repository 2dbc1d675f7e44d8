"""Where log records go while addons are loaded: mitmproxy's format, on standard error."""

from __future__ import annotations

import logging
import sys
import traceback

from mitmproxy.addons.termlog import TermLog
from mitmproxy.log import MitmLogHandler

_CHATTY = ("asyncio", "aiohttp", "hpack", "quic", "tornado")


class StderrLog(TermLog):
    """mitmproxy's `termlog`, with its option, on standard error."""

    name = "termlog"

    def __init__(self) -> None:
        super().__init__(sys.stderr)


class StartupErrors(MitmLogHandler):
    """Collects the errors that are logged while starting: each of them ends the start.

    (mitmproxy has ErrorCheck for this; here the errors become one line.)
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def line(self) -> str | None:
        """The first error on one line, with the file and line of the script; None if none."""
        if not self.records:
            return None
        record = self.records[0]
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            text += f": {type(error).__name__}: {error}"
            if isinstance(error, SyntaxError):
                return f"{text} (line {error.lineno})" if "line " not in str(error) else text
            frames = traceback.extract_tb(record.exc_info[2])
            if frames:
                text += f' (File "{frames[-1].filename}", line {frames[-1].lineno})'
        return " ".join(text.split())


class Quiet(logging.Filter):
    """Keeps the errors of the start off the terminal, where they would be seen twice."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.ERROR


def take_over() -> list[logging.Handler]:
    """Let mitmproxy's handlers have all records; returns those that had them before."""
    root = logging.getLogger()
    previous = root.handlers[:]
    for handler in previous:
        root.removeHandler(handler)
    root.setLevel(logging.DEBUG)  # addons with `add_log` see everything, as in mitmdump
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return previous


def give_back(handlers: list[logging.Handler]) -> None:
    """Undo take_over."""
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in handlers:
        root.addHandler(handler)
