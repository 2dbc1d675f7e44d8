"""Captures made of what a file of any form holds."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO
from urllib.parse import urlsplit

from wsproxy.errors import CaptureError
from wsproxy.formats.interfaces import FormatError, Imported, LeftOut
from wsproxy.formats.registry import Form, form_of
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord, FrameRecord, MessageRecord
from wsproxy.relay.journal import Journal
from wsproxy.store.reader import Capture
from wsproxy.store.recorder import CaptureRecorder

NO_LIMIT = 1 << 62
"""Bytes of a capture that is imported: all there are."""

BATCH = 1000
"""Frames that are written at once, ..."""

BATCH_WEIGHT = 4 * 1024 * 1024
"""... and bytes of them, about."""

MOST_SECONDS = 253_370_764_800
"""The year 9999, in seconds since the epoch."""

PATIENCE = 10.0
"""Seconds to wait for a disk that takes nothing."""

MOST_WAITING = 32 * 1024 * 1024
"""Bytes that wait for the disk before a file is read no further."""


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
        _check(item)
        yield item


def _check(item: Imported) -> None:
    """Raises FormatError for a time or an address that nobody could show."""
    times: list[float | None] = []
    if isinstance(item, ConnectionRecord):
        times = [item.opened, item.closed]
    elif isinstance(item, HttpRecord):
        times = [item.started, item.answered, item.ended]
    elif isinstance(item, FrameRecord | MessageRecord | FaultRecord):
        times = [item.time]
    for time in times:
        if time is not None and not 0 <= time < MOST_SECONDS:  # nan is not, either
            raise FormatError(f"the time {time:g} is none between 1970 and 9999")
    if isinstance(item, ConnectionRecord | HttpRecord):
        try:
            _ = urlsplit(item.upstream_url).port
        except ValueError as error:
            shown = item.upstream_url[:100]
            raise FormatError(f"{shown!r} is no URL: {str(error).lower()}") from None


def make_capture(path: Path, items: Iterable[Imported]) -> None:
    """Write a capture; what goes wrong in between leaves nothing under its name.

    Raises CaptureError.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        told: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what the writer's thread has for us
        recorder = CaptureRecorder(unfinished, _StillClock(), told.put, limit=NO_LIMIT, strict=True)
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
