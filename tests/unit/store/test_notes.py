"""Notes and bookmarks: kept, replaced, removed, bounded, and found by filters at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.support.recording import Recording
from wsproxy.errors import CaptureError
from wsproxy.model.notes import MAX_NOTE, NoteRecord
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store import notes as notes_module
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.notes import keep_note
from wsproxy.store.reader import Capture

DOWN = Direction.DOWNSTREAM


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Two connections, two messages each."""
    recording = Recording(tmp_path / "c.wsproxy")
    for number in (1, 2):
        record = ConnectionRecord(number, 1.0, f"c:{number}", "ws://up", "/", [], 101)
        recording.connection_changed(record)
        decoder = StreamDecoder(number, DOWN)
        for text in (b"one", b"two"):
            recording.journal.chunks.append((decoder, 2.0, make_frame(1, text).wire))
    recording.flush()
    return recording


def note(recording: Recording, *values: object) -> None:
    recording.journal.add_note(NoteRecord(*values))  # type: ignore[arg-type]
    recording.flush()


def test_a_later_note_takes_the_place_of_an_earlier_one(recording: Recording) -> None:
    note(recording, 1, DOWN, 2, "first", True)
    note(recording, 1, DOWN, 2, "second")
    note(recording, 1, None, None, "of the connection", True)
    note(recording, 2, DOWN, 1, "gone")
    note(recording, 2, DOWN, 1)
    recording.close()
    capture = Capture(recording.recorder.path)
    found = {seen.id: seen.note.text for seen in capture.seen() if seen.note is not None}
    assert found == {2: "second"}
    first, second = capture.connections()
    assert (first.note, first.marked) == ("of the connection", True)
    assert (second.note, second.marked) == ("", False)
    capture.close()


def test_an_open_search_follows_notes(recording: Recording) -> None:
    recording.close()
    browser = CaptureBrowser(recording.recorder.path)

    def found(filter_: str) -> list[int]:
        return [row.id for row in browser.page(Query(filter=filter_), budget=60).rows]

    path = recording.recorder.path
    assert found("~marked") == found("~note x") == []
    keep_note(path, NoteRecord(2, DOWN, 1, "xyz", True))
    assert found("~marked") == found("~note X.Z") == [3]
    assert found("! ~marked") == [1, 2, 4]
    keep_note(path, NoteRecord(1, None, None, "all of x", True))
    assert found("~marked") == [1, 2, 3]
    keep_note(path, NoteRecord(2, DOWN, 1))
    assert found("~marked") == found("~note x") == [1, 2]
    keep_note(path, NoteRecord(1))
    assert found("~marked") == []
    browser.close()


def test_there_is_one_writer(recording: Recording) -> None:
    with pytest.raises(CaptureError, match="being written by another"):
        keep_note(recording.recorder.path, NoteRecord(1, text="x"))
    recording.close()
    keep_note(recording.recorder.path, NoteRecord(1, text="x"))


def test_notes_are_bounded(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notes_module, "MAX_NOTES", 2)
    with caplog.at_level(logging.WARNING):
        for number in (1, 2):
            note(recording, number, None, None, "y" * (MAX_NOTE + 10))
        for number in (1, 2):
            note(recording, 1, DOWN, number, "too many")
        note(recording, 2, None, None, "changed")
        recording.close()
    browser = CaptureBrowser(recording.recorder.path)
    assert [n.text for n in browser.notes()] == ["y" * MAX_NOTE, "changed"]
    browser.close()
    assert [record.message for record in caplog.records] == [
        "the capture has 2 notes: no further ones are kept"
    ]


def test_notes_go_with_what_they_are_about(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "c.wsproxy", limit=600_000)
    for number in range(1, 30):
        record = ConnectionRecord(number, 1.0, "c:1", "ws://up", "/", [], 101)
        record.closed = float(number)
        recording.connection_changed(record)
        decoder = StreamDecoder(number, DOWN)
        wire = make_frame(2, b"x" * 60_000).wire
        recording.journal.chunks.append((decoder, float(number), wire))
        note(recording, number, None, None, "here")
    recording.close()
    browser = CaptureBrowser(recording.recorder.path)
    kept = {connection.id for connection in browser.connections()}
    assert 1 not in kept
    assert {n.connection_id for n in browser.notes()} == kept
    browser.close()
