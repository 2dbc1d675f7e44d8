"""What is left of a capture after a power cut, and after worse."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.support.recording import Recording
from wsproxy.errors import CaptureError
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store.folder import INDEX, wire_name
from wsproxy.store.reader import Capture

DOWN = Direction.DOWNSTREAM
BATCHES = 12
FRAMES = 20


def text(content: bytes) -> bytes:
    return make_frame(1, content).wire


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A capture of BATCHES blocks of FRAMES frames, copied in mid-run: as a power cut finds it."""
    path = tmp_path / "c.wsproxy"
    recording = Recording(path)
    connection = ConnectionRecord(1, 1.0, "c", "ws://u", "/", [], 101)
    recording.connection_changed(connection)
    decoder = StreamDecoder(1, DOWN)
    for batch in range(BATCHES):
        for number in range(FRAMES):
            data = text(b"%d " % (batch * FRAMES + number) * 100)
            recording.journal.chunks.append((decoder, float(batch), data))
        fragments = make_frame(1, b"a", fin=False).wire + make_frame(0, b"b").wire
        recording.journal.chunks.append((decoder, float(batch), fragments))
        recording.flush()
    copied = tmp_path / "copied.wsproxy"
    while recording.recorder._waiting:
        pass
    shutil.copytree(path, copied)
    recording.close()
    return copied


def frames(path: Path) -> int:
    capture = Capture(path)
    try:
        return len(list(capture.seen()))
    finally:
        capture.close()


ALL = BATCHES * (FRAMES + 2)


def test_a_copy_of_a_capture_under_way_is_whole(path: Path) -> None:
    assert frames(path) == ALL
    Recording(path).close()
    assert frames(path) == ALL


def test_a_lost_log_of_the_index_costs_no_frame(path: Path) -> None:
    for name in (f"{INDEX}-wal", f"{INDEX}-shm"):
        (path / name).unlink()
    Recording(path).close()  # the next start finds the blocks that have no row
    assert frames(path) == ALL


@pytest.mark.parametrize("lost", [1, 10, 3000, 10_000, 20_000])
def test_a_torn_wire_file_costs_what_was_torn(path: Path, lost: int) -> None:
    wire = path / wire_name(1)
    size = wire.stat().st_size
    with wire.open("r+b") as file:
        file.truncate(size - lost)
    blocks = -(-lost * BATCHES // size)
    # The very last bytes are those of messages: their frames are there all the same.
    assert ALL - (blocks + 1) * (FRAMES + 2) <= frames(path) <= ALL
    Recording(path).close()
    kept = frames(path)
    assert ALL - (blocks + 1) * (FRAMES + 2) <= kept < ALL
    capture = Capture(path)
    assert capture.left_out()["torn"].frames == ALL - kept
    capture.close()
    again = Recording(path)
    assert again.recorder.next_frame_id == kept + 1
    again.close()


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_damaged_there_is_no_stack_trace(path: Path, seed: int) -> None:
    draw = random.Random(seed)
    file = draw.choice([path / INDEX, path / wire_name(1), path / f"{INDEX}-wal"])
    data = bytearray(file.read_bytes())
    if draw.random() < 0.3:
        data = data[: draw.randrange(len(data))]
    else:
        for _ in range(draw.choice([1, 8, 500])):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)
    for look in (frames, lambda path: Recording(path).close(), frames):
        try:
            look(path)
        except CaptureError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it may be readable, too
