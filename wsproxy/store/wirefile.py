"""Appending to wire files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wsproxy.store.folder import open_file, wire_name

IOV_MAX = os.sysconf("SC_IOV_MAX") if "SC_IOV_MAX" in os.sysconf_names else 1024


class WireFile:
    """The wire file that is written."""

    def __init__(self, folder: Path, number: int) -> None:
        """Open it, or make it. Raises OSError."""
        self.number = number
        self.path = folder / wire_name(number)
        self.descriptor = open_file(self.path, os.O_RDWR)
        self.size = os.lseek(self.descriptor, 0, os.SEEK_END)
        found = os.fstat(self.descriptor)
        self.identity = (found.st_dev, found.st_ino)
        """Which file it is, whatever stands under its name later."""

    def append(self, pieces: Sequence[bytes]) -> None:
        """Write pieces at the end; all of them or, with OSError, none."""
        start = self.size
        try:
            self._write([piece for piece in pieces if piece])
        except OSError:
            os.ftruncate(self.descriptor, start)
            os.lseek(self.descriptor, start, os.SEEK_SET)
            self.size = start
            raise

    def cut(self, size: int) -> None:
        """Let go of what lies behind `size`."""
        os.ftruncate(self.descriptor, size)
        self.size = os.lseek(self.descriptor, size, os.SEEK_SET)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def _write(self, pieces: list[bytes | memoryview]) -> None:
        at = 0
        while at < len(pieces):
            group = pieces[at : at + IOV_MAX]
            written = os.writev(self.descriptor, group)
            self.size += written
            if written == sum(map(len, group)):
                at += len(group)
                continue
            for piece in group:
                if written < len(piece):
                    pieces[at] = memoryview(piece)[written:]
                    break
                written -= len(piece)
                at += 1
