"""Captures opened whatever form they have."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wsproxy.captures.making import import_file
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Counted, FaultRecord
from wsproxy.store.reader import Capture


class StoredCapture:
    """A capture of the store as the formats want it (formats.interfaces.CaptureReader)."""

    def __init__(self, path: Path) -> None:
        """Raises CaptureError if there is no capture at `path`."""
        self._capture = Capture(path)

    def connections(self) -> list[ConnectionRecord]:
        return self._capture.connections()

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        return self._capture.seen(connection_id)

    def fault_records(self, connection_id: int | None = None) -> Iterator[FaultRecord]:
        return (record for _, record in self._capture.faults_after(0, connection_id))

    def http(self) -> Iterator[HttpRecord]:
        return self._capture.http.all()

    def left_out(self) -> dict[str, Counted]:
        return self._capture.left_out()

    def frame_count(self) -> int:
        """How many frames it has."""
        return sum(sum(traffic.frames) for traffic in self._capture.traffic().values())

    def close(self) -> None:
        self._capture.close()


@contextmanager
def any_capture(path: Path) -> Iterator[Path]:
    """The path of a capture: `path` itself, or one made of what `path` is, for the time being.

    Raises WsproxyError for what is neither.
    """
    if _may_be_capture(path):
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="wsproxy-"))
    try:
        made = folder / "imported.wsproxy"
        import_file(path, made)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _may_be_capture(path: Path) -> bool:
    """Whether `path` is the store's business: to read it, or to say what is wrong with it."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return True


@contextmanager
def opened(path: Path) -> Iterator[StoredCapture]:
    """Open a capture, whatever its form; raises WsproxyError."""
    with any_capture(path) as found:
        capture = StoredCapture(found)
        try:
            yield capture
        finally:
            capture.close()
