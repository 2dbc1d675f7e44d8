"""The capture, read on a thread of its own, so that no query holds up the relay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wsproxy.web.interfaces import CaptureReader

T = TypeVar("T")


class Reading:
    """Runs what needs the capture on one thread, in order."""

    def __init__(self, open_capture: Callable[[], CaptureReader]) -> None:
        """`open_capture` is called on the thread, at first use."""
        self._open = open_capture
        self._reader: CaptureReader | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page")

    async def __call__(self, work: Callable[[CaptureReader], T]) -> T:
        """The result of `work`, which must not touch anything of the event loop's."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(self._opened()))

    async def close(self) -> None:
        """Finish what is under way and close the capture."""

        def close() -> None:
            if self._reader is not None:
                self._reader.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown()

    def _opened(self) -> CaptureReader:
        if self._reader is None:
            self._reader = self._open()
        return self._reader
