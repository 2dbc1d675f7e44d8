"""Private captures, of a proxy without --capture: removed when it ends, or at the next start."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from wsproxy.errors import CaptureError
from wsproxy.store.folder import LOCK
from wsproxy.store.lock import Lock

_PREFIX = "wsproxy-private-"
_NAME = "capture.wsproxy"


def make_private() -> Path:
    """The path of a new private capture, in a folder of its own; dead ones are removed first."""
    sweep(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=_PREFIX)) / _NAME


def remove_private(capture: Path) -> None:
    """Remove what make_private gave, with its folder."""
    shutil.rmtree(capture.parent, ignore_errors=True)


def sweep(temporary: Path) -> int:
    """Remove the private captures of this user that no process owns any more; returns how many.

    A killed proxy leaves its capture, and with it what its connections carried.
    """
    removed = 0
    for folder in temporary.glob(f"{_PREFIX}*"):
        capture = folder / _NAME
        if not _is_ours(folder) or not (capture / LOCK).is_file() or capture.is_symlink():
            continue
        try:
            lock = Lock(capture)
        except CaptureError:
            continue
        try:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        finally:
            lock.release()
    return removed


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
