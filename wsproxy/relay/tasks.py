"""Tasks that are kept until they are done, and whose failures are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()
"""The event loop itself keeps only weak references to its tasks."""


def start_task(
    coroutine: Coroutine[Any, Any, T],
    what: str,
    failed: Callable[[BaseException], None] | None = None,
    *,
    awaited: bool = False,
) -> asyncio.Task[T]:
    """Run a coroutine as a task of the running event loop.

    If it raises, one line says so: `what` names the task there, as a noun phrase ("the lane of
    #3"). `failed` is called afterwards with the exception, so that the owner can clean up.
    A cancelled task is no failure. Where it is `awaited`, its failure is told to whoever does
    that, and to nobody else.
    """
    task = asyncio.get_running_loop().create_task(coroutine, name=what)
    _running.add(task)

    def done(task: asyncio.Task[T]) -> None:
        _running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not awaited:
            tell_failure(what, error)
            if failed is not None:
                failed(error)

    task.add_done_callback(done)
    return task


def tell_failure(what: str, error: BaseException) -> None:
    """Say in one line that something failed; `--debug` shows the traceback."""
    _log.error("%s failed: %r", what, error, exc_info=error)
