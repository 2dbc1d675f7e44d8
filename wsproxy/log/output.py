"""Standard output and error, which perhaps nobody reads: a full pipe, a terminal that is held."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any, Protocol, TextIO

WAITING = 1024 * 1024
"""Characters that may wait to be written; what comes beyond them is left out and counted."""

PATIENCE = 0.5
"""Seconds in which somebody takes what waits at the end, or it is left out."""


class Output(Protocol):
    """As much of a text stream as is needed here."""

    def write(self, text: str, /) -> int:
        """Raises OSError where nobody can read it any more."""

    def flush(self) -> None:
        """Keep nothing back."""


class Unbuffered:
    """A text stream whose `write` waits until all is written, and that keeps nothing back.

    Python flushes its own streams when it exits, and waits there for a thread that is stuck in
    one; it knows nothing of this. What the encoding lacks is escaped.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._stream = stream
        self._lock = threading.Lock()
        self._descriptor = -1  # no file, as in a test
        with contextlib.suppress(OSError):
            self._descriptor = stream.fileno()

    def write(self, text: str) -> int:
        with self._lock:
            if self._descriptor < 0:
                return self._stream.write(text)
            left = memoryview(text.encode(self._stream.encoding, "backslashreplace"))
            while left:
                left = left[os.write(self._descriptor, left) :]
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Background:
    """A text stream whose `write` never waits: a thread of its own hands on what is bounded."""

    def __init__(self, stream: Unbuffered) -> None:
        self._stream = stream
        self._texts: list[str] = []
        self._waiting = 0
        self._left_out = 0
        self._ending = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue a text, or count its lines where too much waits."""
        if not isinstance(text, str):
            raise TypeError(f"write() takes a str, not {type(text).__name__}")
        with self._change:
            if self._waiting + len(text) > WAITING:
                self._left_out += max(text.count("\n"), 1)
            elif text:  # click asks with an empty one what the stream takes
                self._texts.append(text)
                self._waiting += len(text)
            self._change.notify()
        return len(text)

    def flush(self) -> None:
        """The thread writes as soon as somebody reads."""

    def close(self) -> None:
        """Write what waits, unless nobody takes it."""
        with self._change:
            self._ending = True
            self._change.notify()
        self._thread.join(PATIENCE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    # From here on: the thread.

    def _write_all(self) -> None:
        while text := self._next():
            with contextlib.suppress(OSError):  # nobody can read it any more
                self._stream.write(text)

    def _next(self) -> str:
        """What waits, as soon as something does; nothing at the end."""
        with self._change:
            self._change.wait_for(lambda: self._texts or self._left_out or self._ending)
            if self._left_out:
                self._texts.append(
                    f"wsproxy: {self._left_out:,} lines are not shown, for nobody read them\n"
                )
            text = "".join(self._texts)
            self._texts.clear()
            self._waiting = self._left_out = 0
        return text
