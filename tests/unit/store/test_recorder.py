"""The capture file: written, read, bounded, and clear about what it cannot do."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from tests.support.fakes import connection
from tests.support.recording import Recording
from wsproxy.errors import CaptureError
from wsproxy.model.records import ConnectionRecord, Direction, End, FaultRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store.folder import INDEX, wire_numbers
from wsproxy.store.reader import Capture
from wsproxy.store.recorder import HIGH_WATER, UNSYNCED_HIGH
from wsproxy.store.wirefile import WireFile

DOWN = Direction.DOWNSTREAM


def open_recorder(path: Path, limit: int = 10**9) -> Recording:
    return Recording(path, limit)


def text(content: bytes) -> bytes:
    return make_frame(1, content).wire


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.wsproxy"


def test_what_was_recorded_can_be_read(path: Path) -> None:
    recorder = open_recorder(path)
    first = connection()
    first.id = recorder.next_connection_id()
    first.end = End("closed", "client", 1000, "bye")
    recorder.connection_changed(first)
    decoder, other = StreamDecoder(1, DOWN), StreamDecoder(2, DOWN)
    recorder.journal.chunks.append((decoder, 1.0, text(b"one")))
    recorder.journal.chunks.append((other, 2.0, text(b"two")))
    fragments = make_frame(1, b"a", fin=False).wire + make_frame(0, b"b").wire
    recorder.journal.chunks.append((decoder, 3.0, fragments))
    fault = FaultRecord(1, None, 3.0, "slow", "latency", None, "late", b"a", b"b")
    recorder.journal.add_fault(fault)
    recorder.close()
    capture = Capture(path)
    assert capture.connections() == [first]
    assert [(i, r.frame.payload) for i, r in capture.frames()] == [
        (1, b"one"),
        (2, b"two"),
        (3, b"a"),
        (4, b"b"),
    ]
    assert [(i, r.time) for i, r in capture.frames(1)] == [(1, 1.0), (3, 3.0), (4, 3.0)]
    found = [seen.message for seen in capture.seen(1) if seen.message is not None]
    assert {message.key: message.content for message in found} == {(1, 1, 2): b"ab"}
    assert capture.fault_records() == [fault]
    assert capture.traffic()[1].frames == [0, 3]
    capture.close()


def test_only_its_owner_reads_it(path: Path) -> None:
    recorder = open_recorder(path)
    recorder.connection_changed(connection())
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for file in path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    recorder.close()
    path.chmod(0o755)
    (path / INDEX).chmod(0o644)
    open_recorder(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / INDEX).stat().st_mode) == 0o600


def test_links_are_not_followed(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.symlink_to(elsewhere)
    with pytest.raises(CaptureError, match="is a link"):
        open_recorder(path)
    path.unlink()
    open_recorder(path).close()
    (path / INDEX).unlink()
    (path / INDEX).symlink_to(elsewhere / "index")
    with pytest.raises(CaptureError, match="is a link"):
        open_recorder(path)
    assert not list(elsewhere.iterdir())


def test_one_writer_at_a_time(path: Path) -> None:
    recorder = open_recorder(path)
    with pytest.raises(CaptureError, match=f"written by another wsproxy .process {os.getpid()}"):
        open_recorder(path)
    recorder.close()
    open_recorder(path).close()


def test_a_capture_is_continued(path: Path) -> None:
    for expected in (1, 2):
        recorder = open_recorder(path)
        number = recorder.next_connection_id()
        assert number == expected
        recorder.connection_changed(ConnectionRecord(number, 1.0, "c", "u", "/", []))
        recorder.journal.chunks.append((StreamDecoder(number, DOWN), 1.0, text(b"x")))
        recorder.close()
    capture = Capture(path)
    assert [frame_id for frame_id, _ in capture.frames()] == [1, 2]
    capture.close()


def test_an_older_capture_is_continued(path: Path) -> None:
    """It lacks columns that came later."""
    first = open_recorder(path)
    first.connection_changed(ConnectionRecord(first.next_connection_id(), 1.0, "c", "u", "/", []))
    first.close()
    index = sqlite3.connect(path / INDEX)
    for column in ("route", "endings", "instance"):
        index.execute(f"ALTER TABLE connection DROP COLUMN {column}")
    index.commit()
    index.close()
    recorder = open_recorder(path)
    record = ConnectionRecord(recorder.next_connection_id(), 1.0, "c", "u", "/", [])
    record.route = "8090"
    recorder.connection_changed(record)
    recorder.close()
    capture = Capture(path)
    assert [(each.id, each.route) for each in capture.connections()] == [(1, ""), (2, "8090")]
    capture.close()


def size_of(path: Path) -> int:
    size = 0
    for file in path.iterdir():
        with contextlib.suppress(FileNotFoundError):  # trimmed meanwhile
            size += file.stat().st_size
    return size


def test_the_oldest_goes_where_the_limit_is_reached(path: Path) -> None:
    recorder = open_recorder(path, limit=1_000_000)
    decoder = StreamDecoder(1, DOWN)
    largest = 0
    for number in range(200):
        recorder.journal.chunks.append((decoder, float(number), text(b"%06d" % number * 10_000)))
        recorder.flush()
        largest = max(largest, size_of(path))
    recorder.close()
    assert largest < 3_000_000
    assert size_of(path) < 1_500_000
    capture = Capture(path)
    kept = [frame_id for frame_id, _ in capture.frames()]
    assert kept == list(range(kept[0], 201))
    assert kept[0] > 100
    assert capture.left_out()["capture limit"].frames == kept[0] - 1
    assert wire_numbers(path)[0] > 1
    capture.close()


def test_a_hundred_times_the_limit_stays_below_three_times_of_it(path: Path) -> None:
    recorder = open_recorder(path, limit=1_000_000)
    decoder = StreamDecoder(1, DOWN)
    large, small = text(bytes(b"x" * 500_000)), text(b"y" * 20) * 1000
    largest = 0
    for number in range(
        220
    ):  # 110 MB in large messages, and a fifth of them followed by small ones
        for wire in (large, small) if number % 5 == 0 else (large,):
            recorder.journal.chunks.append((decoder, float(number), wire))
        recorder.flush()
        largest = max(largest, size_of(path))
    recorder.close()
    assert max(largest, size_of(path)) < 3_000_000


def test_connections_without_frames_are_within_the_limit(path: Path) -> None:
    recorder = open_recorder(path, limit=300_000)
    headers = [("X-Long", "x" * 1000)]
    for number in range(1, 2001):
        refused = ConnectionRecord(
            recorder.next_connection_id(), 1.0, "c:1", "ws://up", "/", headers, 403, closed=2.0
        )
        recorder.connection_changed(refused)
        if not number % 50:
            recorder.recorder._flush_connections()
    recorder.close()
    assert size_of(path) < 900_000
    capture = Capture(path)
    kept = [connection.id for connection in capture.connections()]
    assert kept == list(range(kept[0], 2001))
    assert 50 < len(kept) < 1000
    capture.close()


def test_a_slow_disk_is_felt_and_let_go(path: Path) -> None:
    recorder = open_recorder(path)
    heard: list[bool] = []
    recorder.recorder.on_pressure(heard.append)
    recorder.recorder._waiting = HIGH_WATER + 1
    recorder.recorder._check_pressure()
    recorder.recorder._written(HIGH_WATER, 0)
    assert heard == [True, False]
    recorder.recorder._written(0, UNSYNCED_HIGH + 1)
    recorder.recorder._on_disk(UNSYNCED_HIGH + 1)
    assert heard == [True, False, True, False]
    recorder.close()


def test_a_full_disk_is_said_once_and_counted(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = open_recorder(path)
    decoder = StreamDecoder(1, DOWN)

    def full(self: WireFile, pieces: list[bytes]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def note(content: bytes) -> None:
        recorder.journal.chunks.append((decoder, 1.0, text(content)))
        recorder.flush()
        while recorder.recorder._waiting:  # the writer tells at once, from its thread
            time.sleep(0.001)

    with monkeypatch.context() as patch:
        patch.setattr(WireFile, "append", full)
        note(b"one")
        note(b"two")
    note(b"again")
    recorder.close()
    first, second = (record.getMessage() for record in caplog.records)
    assert "No space left on device; traffic goes on, unrecorded" in first
    assert caplog.records[0].exc_info is None
    assert "can be written again" in second
    capture = Capture(path)
    assert [(i, r.frame.payload) for i, r in capture.frames()] == [(3, b"again")]
    assert capture.left_out()["write failed"].frames == 2
    capture.close()


def other_database(path: Path) -> None:
    path.mkdir()
    db = sqlite3.connect(path / INDEX)
    db.execute("CREATE TABLE t (x)")
    db.close()


def other_folder(path: Path) -> None:
    path.mkdir()
    (path / "letter.txt").write_text("mine")


def other_version(path: Path) -> None:
    open_recorder(path).close()
    db = sqlite3.connect(path / INDEX)
    db.execute("PRAGMA user_version = 99")
    db.close()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda path: path.write_text("not a database, but long enough to be one " * 20),
            "is not a capture",
        ),
        (other_database, "is not a capture"),
        (other_version, "another version"),
        (other_folder, "a folder of other things"),
    ],
)
def test_files_that_are_no_capture(path: Path, make: object, reason: str) -> None:
    make(path)  # type: ignore[operator]
    with pytest.raises(CaptureError, match=reason):
        open_recorder(path)


def test_there_is_nothing_to_read(path: Path) -> None:
    with pytest.raises(CaptureError, match="there is no capture"):
        Capture(path)
    with pytest.raises(CaptureError, match="cannot write"):
        open_recorder(path / "missing" / "c")
