"""Standard output that others write to as well: line by line, so that no line is cut by another."""

from __future__ import annotations

import threading
from typing import Any, TextIO

MOST = 64 * 1024
"""Characters of a line that are kept back; a longer one goes out in pieces."""


class LineByLine:
    """A text stream that passes on whole lines, of each thread for itself.

    `print` writes a text and the end of its line one after the other, and the thread that prints
    the log may come between them.
    """

    def __init__(self, stream: TextIO) -> None:
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
