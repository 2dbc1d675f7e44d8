"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wsproxy.errors import WsproxyError

STDOUT = Path("-")


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when all of it is written; `-` is standard output.

    What goes wrong in between leaves nothing behind, and an older file as it was.
    Raises WsproxyError where it cannot be written.
    """
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.is_dir():
        raise WsproxyError(f"cannot write {path}: it is a folder")
    temporary: Path | None = None
    try:
        # Beside its final place, so that the last step is a rename on one file system.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.replace(path)
        temporary = None
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WsproxyError(f"cannot write {path}: {reason}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
