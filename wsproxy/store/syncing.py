"""Syncing behind the writer: what was written a moment ago goes to the disk, and out of the cache.

Without it, a fast capture fills the memory with pages that nobody reads, pushes out those of the
debugged application, and stalls when the system begins to write them all at once. With it, a power
cut costs what came in the last SYNC_SECONDS and no more.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from wsproxy.store.wirefile import WireFile

SYNC_BYTES = 8 * 1024 * 1024
"""Written bytes after which the disk is asked to take them."""

SYNC_SECONDS = 0.5
"""After which it is asked in any case."""


class Syncer:
    """A thread that syncs the wire files and the index's log behind the writer."""

    def __init__(
        self, log: Path, done: Callable[[int], None], failed: Callable[[OSError], None]
    ) -> None:
        """`log` is SQLite's write-ahead log.

        `done` hears how many bytes have become safe, `failed` why not; both on this thread.
        """
        self._log = log
        self._done = done
        self._failed = failed
        self._news = threading.Condition()
        self._file: WireFile | None = None
        self._closing: list[WireFile] = []
        self._bytes = 0
        self._dirty = False
        self._end = False
        self._behind: dict[int, int] = {}
        """Up to where a file's pages were dropped from the cache, by its number."""
        self._thread = threading.Thread(target=self._run, name="capture sync", daemon=True)
        self._thread.start()

    def written(self, file: WireFile, size: int) -> None:
        """`size` bytes were written to a file, or to the index alone."""
        with self._news:
            self._file = file
            self._bytes += size
            if not self._dirty or self._bytes >= SYNC_BYTES:
                self._dirty = True
                self._news.notify()

    def close_file(self, file: WireFile) -> None:
        """A file is written no more: sync and close it."""
        with self._news:
            self._closing.append(file)
            if self._file is file:
                self._file = None
            self._dirty = True
            self._news.notify()

    def close(self) -> None:
        """Sync what is left and end."""
        with self._news:
            self._end = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            with self._news:
                file, size, closing = self._file, self._bytes, self._closing
                # A duplicate: the writer may hand the file over to be closed meanwhile.
                descriptor = os.dup(file.descriptor) if file is not None else None
                end = file.size if file is not None else 0
                self._bytes, self._closing, self._dirty = 0, [], False
            try:
                for old in closing:
                    self._sync(old.descriptor, old.number, old.size)
                    self._behind.pop(old.number, None)
                if file is not None and descriptor is not None:
                    self._sync(descriptor, file.number, end)
                self._sync_log()
            except OSError as error:
                self._failed(error)
            finally:
                for old in closing:
                    old.close()
                if descriptor is not None:
                    os.close(descriptor)
            self._done(size)

    def _wait(self) -> bool:
        """Wait until there is something to sync, and then for more; False at the end."""
        with self._news:
            while not self._dirty and not self._end:
                self._news.wait()
            until = time.monotonic() + SYNC_SECONDS
            while not self._end and self._bytes < SYNC_BYTES and not self._closing:
                if not self._news.wait(until - time.monotonic()):
                    break
            return self._dirty

    def _sync(self, descriptor: int, number: int, end: int) -> None:
        os.fdatasync(descriptor)
        start = self._behind.get(number, 0)
        if end - start >= SYNC_BYTES:
            # What somebody watches live is among the newest and stays.
            with contextlib.suppress(OSError):
                os.posix_fadvise(descriptor, start, end - start, os.POSIX_FADV_DONTNEED)
            self._behind[number] = end

    def _sync_log(self) -> None:
        """SQLite syncs its log at checkpoints only (synchronous=NORMAL)."""
        try:
            descriptor = os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
