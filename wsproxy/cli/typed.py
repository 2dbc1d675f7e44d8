"""Lines that somebody types or pipes in: at a prompt on a terminal, else as they come."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from threading import Thread
from typing import Protocol

import click

MAX_WAITING = 1000
"""Lines that may wait to be sent before no more are read."""


class Typed(Protocol):
    """Where lines come from."""

    def lines(self) -> AsyncIterator[str]:
        """Each line, without its end, until there are no more."""


@contextlib.contextmanager
def typed_lines() -> Iterator[Typed]:
    """Lines from standard input; on a terminal what is printed meanwhile goes above the prompt."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield _Piped()
        return
    try:
        from wsproxy.cli.prompted import prompted
    except ImportError:
        click.echo("wsproxy: for history and editing: pip install 'wsproxy[connect]'", err=True)
        yield _Piped()
        return
    with prompted() as lines:
        yield lines


class _Piped:
    async def lines(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_WAITING)

        def put(line: str | None) -> None:
            # The loop may be over before the input is.
            with contextlib.suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()

        def read() -> None:
            for line in sys.stdin:
                put(line.rstrip("\r\n"))
            put(None)

        # Nothing can interrupt a thread that reads: it must not keep the process.
        Thread(target=read, name="input", daemon=True).start()
        while (line := await queue.get()) is not None:
            yield line
