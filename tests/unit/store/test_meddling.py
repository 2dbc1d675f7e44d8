"""Somebody deletes, replaces or damages a capture while it is written: one line, and on it goes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.recording import Recording
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store.folder import INDEX, wire_name
from wsproxy.store.reader import Capture

FRAMES = 3


class Writing:
    """A capture that is written, one frame a batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recording = Recording(path)
        self._decoder = StreamDecoder(1, Direction.DOWNSTREAM)

    def write(self, count: int = FRAMES) -> None:
        for _ in range(count):
            self.recording.journal.chunks.append(
                (self._decoder, 1.0, make_frame(1, b"payload").wire)
            )
            self.recording.flush()
            while self.recording.recorder._waiting:  # the writer tells at once, from its thread
                time.sleep(0.001)

    def close(self) -> None:
        self.recording.close()


@pytest.fixture
def writing(tmp_path: Path) -> Writing:
    made = Writing(tmp_path / "c.wsproxy")
    made.write()
    return made


def replace_index(path: Path) -> None:
    shutil.copy(path / INDEX, path / "copy")
    (path / "copy").rename(path / INDEX)


LOST: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (shutil.rmtree, "index.sqlite was deleted"),
    "moved": (lambda path: path.rename(path.with_suffix(".moved")), "index.sqlite was deleted"),
    "index deleted": (lambda path: (path / INDEX).unlink(), "index.sqlite was deleted"),
    "index replaced": (replace_index, "index.sqlite was replaced"),
}


@pytest.mark.parametrize("how", LOST)
def test_what_cannot_be_recorded_any_more_is_said_once_and_counted(
    how: str, writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    meddle, reason = LOST[how]
    page = Capture(writing.path)
    meddle(writing.path)
    writing.write()
    assert page.left_out()["write failed"].frames == FRAMES
    page.close()
    writing.close()
    first, last = (record.getMessage() for record in caplog.records)
    assert first == (
        f"cannot write the capture {writing.path}: {reason}; traffic goes on, unrecorded"
    )
    assert last == f"3 frames could not be written to the capture {writing.path}"


def test_a_capture_that_comes_back_is_written_again(
    writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    away = writing.path.with_suffix(".away")
    writing.path.rename(away)
    writing.write()
    away.rename(writing.path)
    writing.write()
    writing.close()
    assert "can be written again" in caplog.records[1].getMessage()
    capture = Capture(writing.path)
    assert [frame_id for frame_id, _ in capture.frames()] == [1, 2, 3, 7, 8, 9]
    assert capture.left_out()["write failed"].frames == FRAMES
    capture.close()


WIRE = wire_name(1)
DAMAGED: dict[str, tuple[Callable[[Path], object], str, list[int]]] = {
    "wire deleted": (lambda path: (path / WIRE).unlink(), "was deleted", []),
    "wire replaced": (
        lambda path: (path / "new").rename(path / WIRE) if (path / "new").write_text("x") else None,
        "was replaced",
        [],
    ),
    "wire cut": (lambda path: os.truncate(path / WIRE, 0), "was written by somebody else", []),
    "wire appended to": (
        lambda path: os.truncate(path / WIRE, (path / WIRE).stat().st_size + 1),
        "was written by somebody else",
        [1, 2, 3],
    ),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_what_comes_after_damage_to_a_wire_file_is_recorded(
    how: str, writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    meddle, reason, left = DAMAGED[how]
    meddle(writing.path)
    writing.write()
    writing.close()
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the capture {writing.path}: {WIRE} {reason}; what it had may be lost"
    )
    capture = Capture(writing.path)
    assert [frame_id for frame_id, _ in capture.frames()] == [*left, 4, 5, 6]
    assert capture.unreadable == FRAMES - len(left)
    capture.close()


def test_damage_to_the_index_is_said_once_and_counted(
    writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    writing.recording.recorder._writer._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (writing.path / INDEX).open("r+b") as index:
        index.write(b"\xff" * (writing.path / INDEX).stat().st_size)
    writing.recording.recorder._writer._db.execute("PRAGMA shrink_memory")
    writing.write()
    writing.close()
    first, last = (record.getMessage() for record in caplog.records)
    assert "traffic goes on, unrecorded" in first
    assert last == f"3 frames could not be written to the capture {writing.path}"
