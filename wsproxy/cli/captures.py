"""Captures for the commands: opened whatever form they have, and made of what was imported."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO

import click

from wsproxy.errors import CaptureError
from wsproxy.formats.interfaces import FormatError, Imported, LeftOut
from wsproxy.formats.registry import Form, form_of
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import (
    ConnectionRecord,
    Counted,
    FaultRecord,
    MessageRecord,
)
from wsproxy.relay.journal import Journal
from wsproxy.store.reader import Capture
from wsproxy.store.recorder import CaptureRecorder

NO_LIMIT = 1 << 62
"""Bytes of a capture that is imported: all there are."""

BATCH = 1000
"""Frames that are written at once, ..."""

BATCH_WEIGHT = 4 * 1024 * 1024
"""... and bytes of them, about."""

PATIENCE = 10.0
"""Seconds to wait for a disk that takes nothing."""

MOST_WAITING = 32 * 1024 * 1024
"""Bytes that wait for the disk before a file is read no further."""


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


def import_file(
    source: Path, target: Path, moved: Callable[[BinaryIO], None] = lambda _: None
) -> Form:
    """Make a capture of a file of any form.

    `moved` is called now and then with the file. Raises WsproxyError; there is no `target` then.
    """
    if target.exists():
        raise CaptureError(f"{target} exists already; choose another name")
    if source.is_dir():
        Capture(source).close()  # or it says what is wrong with it
        raise CaptureError(f"{source} is a capture already: every command takes it as it is")
    try:
        with source.open("rb") as file:
            form = form_of(file)
            make_capture(target, _watched(form.read()(file), file, moved))
    except FormatError as error:
        raise FormatError(f"cannot read {source}: {error}") from None
    except OSError as error:
        raise CaptureError(f"cannot read {source}: {(error.strerror or '').lower()}") from None
    return form


def _watched(
    items: Iterator[Imported], file: BinaryIO, moved: Callable[[BinaryIO], None]
) -> Iterator[Imported]:
    for number, item in enumerate(items):
        if number % BATCH == 0:
            moved(file)
        yield item


def make_capture(path: Path, items: Iterable[Imported]) -> None:
    """Write a capture; what goes wrong in between leaves nothing under its name.

    Raises CaptureError.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        told: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what the writer's thread has for us
        recorder = CaptureRecorder(
            unfinished, _StillClock(), told.put, limit=NO_LIMIT, secrets=True, strict=True
        )
        try:
            _record(recorder, items, told)
        finally:
            recorder.close()
        if recorder.failure is not None:
            reason = getattr(recorder.failure, "strerror", None) or recorder.failure
            raise CaptureError(f"cannot write {path}: {str(reason).lower()}")
        unfinished.rename(path)
    finally:
        for left in path.parent.glob(f"{unfinished.name}*"):
            with contextlib.suppress(OSError):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _record(
    recorder: CaptureRecorder, items: Iterable[Imported], told: SimpleQueue[Callable[[], None]]
) -> None:
    journal = Journal(_StillClock(), recorder)
    for item in items:
        if len(journal.out) >= BATCH or journal.out.weight > BATCH_WEIGHT:
            journal.flush()
            _keep_up(recorder, told)
            if recorder.failure is not None:
                return
        if isinstance(item, ConnectionRecord):
            journal.connection_changed(item)
        elif isinstance(item, FaultRecord):
            journal.add_fault(item)
        elif isinstance(item, LeftOut):
            recorder.leave_out(item.why, item.bytes, item.frames)
        elif isinstance(item, HttpRecord):
            journal.add_http(item)
        elif isinstance(item, NoteRecord):
            journal.add_note(item)
        elif isinstance(item, MessageRecord):
            journal.out.messages.append(item)
        else:
            journal.out.add(item)
    journal.flush()


def _keep_up(recorder: CaptureRecorder, told: SimpleQueue[Callable[[], None]]) -> None:
    """Read on when the disk has caught up."""
    while not told.empty() or recorder.backlog > MOST_WAITING:
        try:
            told.get(timeout=PATIENCE)()
        except Empty:  # a disk as slow as that is full, or gone: the next write says so
            return


class _StillClock:
    """Nothing is put off here."""

    def time(self) -> float:
        return 0.0

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing elsewhere; call what it gives with how far it is."""
    stream = sys.stderr
    if not stream.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=stream) as bar:
        yield lambda place: bar.update(max(place - bar.pos, 0))
