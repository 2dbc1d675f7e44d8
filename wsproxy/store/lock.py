"""One writer for each capture."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from wsproxy.errors import CaptureError
from wsproxy.store.folder import LOCK, open_file, why


class Lock:
    """The lock on a capture's folder; the system lets go of it when its process ends."""

    def __init__(self, folder: Path) -> None:
        """Raises CaptureError if another process writes this capture."""
        try:
            self._descriptor = _lock(folder / LOCK)
        except BlockingIOError:
            raise CaptureError(
                f"the capture {folder} is being written by another wsproxy{_owner(folder / LOCK)};"
                " give this one another --capture"
            ) from None
        except OSError as error:
            raise CaptureError(f"cannot write the capture {folder}: {why(error)}") from None
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let another process write it."""
        os.close(self._descriptor)


def is_written(folder: Path) -> bool:
    """Whether a process writes the capture in this folder."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(path: Path) -> int:
    while True:
        descriptor = open_file(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have removed the folder between the two calls (`private.sweep`).
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(descriptor).st_ino:
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _owner(path: Path) -> str:
    try:
        process = path.read_bytes()[:20].decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return f" (process {process})" if process.isdigit() else ""
