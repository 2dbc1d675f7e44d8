"""Small files that users name: read whole, but not without end."""

from __future__ import annotations

import errno
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""Of a configuration, a list, a schema: the largest of them have a thousandth of it."""


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The whole of a file; raises OSError, also for more than `most` bytes (`/dev/zero`)."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it may have at most {most:,} bytes", str(path))
    return data


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """The same of text in UTF-8; raises UnicodeDecodeError, too."""
    return read_bytes(path, most).decode("utf-8")
