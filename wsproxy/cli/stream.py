"""The standard streams: line by line where others write as well, and all three of them there."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from wsproxy.log.output import Output

MOST = 64 * 1024
"""Characters of a line that are kept back; a longer one goes out in pieces."""


def open_closed() -> None:
    """Open to nowhere what the process was started without, as by `>&-`.

    Else the next file or socket gets its number, which libuv (uvloop) does not survive.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - for as long as we run


class LineByLine:
    """A text stream that passes on whole lines, of each thread for itself.

    `print` writes a text and the end of its line one after the other, and the thread that prints
    the log may come between them.
    """

    def __init__(self, stream: Output) -> None:
        self._stream = stream
        self._begun = threading.local()

    def write(self, text: str) -> int:
        whole, end, rest = (getattr(self._begun, "text", "") + text).rpartition("\n")
        if len(rest) > MOST:
            whole, end, rest = whole + end, rest, ""
        if end:
            self._stream.write(whole + end)
        self._begun.text = rest
        return len(text)

    def flush(self) -> None:
        """Pass on the line that has begun, too: somebody wants to see it."""
        rest, self._begun.text = getattr(self._begun, "text", ""), ""
        if rest:
            self._stream.write(rest)
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
