"""Reading from the wire files of a capture."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

from wsproxy.store.folder import wire_name
from wsproxy.store.layout import TornError

OPEN_FILES = 16
"""Wire files that are kept open."""


class WireReader:
    """Reads any part of any wire file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[int, int] = OrderedDict()

    def read(self, file: int, offset: int, size: int) -> bytes:
        """`size` bytes of a wire file; raises TornError where they are not there."""
        if size < 0 or offset < 0:
            raise TornError("there is no block")
        try:
            data = os.pread(self._descriptor(file), size, offset)
        except OSError as error:
            raise TornError(f"{wire_name(file)}: {error.strerror}") from None
        if len(data) < size:
            raise TornError(f"{wire_name(file)} ends too early")
        return data

    def close(self) -> None:
        """Close the files."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _descriptor(self, file: int) -> int:
        descriptor = self._open.get(file)
        if descriptor is None:
            path = self._folder / wire_name(file)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            self._open[file] = descriptor
            while len(self._open) > OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(file)
        return descriptor
