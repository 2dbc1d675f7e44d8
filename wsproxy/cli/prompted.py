"""Lines typed at a prompt with history and editing (prompt_toolkit, the extra `connect`)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import StdoutProxy


@contextlib.contextmanager
def prompted() -> Iterator[Prompted]:
    """Lines of a prompt; what is printed meanwhile goes above it."""
    with (
        _AbovePrompt(raw=True) as above,
        contextlib.redirect_stdout(above),
        contextlib.redirect_stderr(above),
    ):
        yield Prompted(PromptSession("> "))


class Prompted:
    """Lines that somebody types (`wsproxy.cli.typed.Typed`)."""

    def __init__(self, session: PromptSession[str]) -> None:
        self._session = session

    async def lines(self) -> AsyncIterator[str]:
        """Each line, without its end, until Ctrl-D or Ctrl-C."""
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            while True:
                yield await self._session.prompt_async()


class _AbovePrompt(StdoutProxy):
    """Has no descriptor: what is written to that (`log.output.Unbuffered`) goes over the prompt."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")
