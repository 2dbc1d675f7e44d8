"""The real command in a process of its own, on pipes or on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 20.0
"""Seconds that anything may take before the test fails."""

SIZE = (40, 200)
"""Rows and columns of the terminal."""

_WSPROXY = [sys.executable, "-m", "wsproxy"]


def environment(**extra: str) -> dict[str, str]:
    """This process's, less what would change the command's output."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WSPROXY_")
        and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "LESS")
    }
    return plain | {"TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"} | extra


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself, on pipes."""
    env = environment(**options.pop("env", {}))
    return subprocess.run(
        [*_WSPROXY, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=env,
        **options,
    )


class Stream:
    """What a process writes, as far as it was read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.text = ""
        self._position = 0
        self.ended = False

    def expect(self, pattern: str) -> re.Match[str]:
        """Read until `pattern` is found behind what the last call found."""
        deadline = time.monotonic() + PATIENCE
        while (
            match := re.compile(pattern, re.MULTILINE).search(self.text, self._position)
        ) is None:
            if self.ended:
                raise AssertionError(f"{pattern!r} does not come any more; there was {self.text!r}")
            self._read(deadline, pattern)
        self._position = match.end()
        return match

    def rest(self) -> str:
        """Read to the end; returns all that was ever read."""
        deadline = time.monotonic() + PATIENCE
        while not self.ended:
            self._read(deadline, "the end")
        return self.text

    def _read(self, deadline: float, wanted: str) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
            raise AssertionError(f"waited in vain for {wanted!r}; there was {self.text!r}")
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # a terminal whose last writer is gone
            data = b""
        self.ended = not data
        self.text += data.decode(errors="replace").replace("\r\n", "\n")


class Process:
    """A command that goes on until it is ended."""

    def __init__(self, process: subprocess.Popen[bytes], out: Stream, err: Stream) -> None:
        self.process = process
        self.out = out
        self.err = err
        self.url = ""
        """Where the proxy listens, after `ready`."""

    def ready(self, stream: Stream | None = None) -> str:
        """Wait until the proxy listens; returns its URL."""
        self.url = (stream or self.out).expect(r"wsproxy listens on (\S+) ")[1]
        return self.url

    def type(self, text: str) -> None:
        """Write to the terminal, as keys do."""
        os.write(self._terminal, text.encode())

    def finish(self) -> int:
        """End it as Ctrl-C does; returns the exit code."""
        self.process.send_signal(2)
        self.out.rest()
        self.err.rest()
        return self.process.wait(PATIENCE)

    _terminal = -1


@contextmanager
def piped(*arguments: object, **options: Any) -> Iterator[Process]:
    """A command whose output goes to two pipes."""
    env = environment(**options.pop("env", {}))
    process = subprocess.Popen(
        [*_WSPROXY, *map(str, arguments)],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        **options,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.fileno(), process.stderr.fileno()
    with _ended(process):
        yield Process(process, Stream(out), Stream(err))


@contextmanager
def on_terminal(*arguments: object, **options: Any) -> Iterator[Process]:
    """A command on a pseudo-terminal, which all three of its streams are."""
    env = environment(**options.pop("env", {}))
    ours, theirs = pty.openpty()
    os.set_blocking(ours, True)
    import fcntl
    import struct
    import termios

    rows, columns = options.pop("size", SIZE)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [*_WSPROXY, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
        **options,
    )
    os.close(theirs)
    stream = Stream(ours)
    made = Process(process, stream, stream)
    made._terminal = ours
    try:
        with _ended(process):
            yield made
    finally:
        os.close(ours)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait(PATIENCE)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
