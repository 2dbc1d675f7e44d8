"""The journal keeps everything, in order, and lets nobody keep the others waiting."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.support.fakes import FakeClock, FakeRecorder, connection
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import Direction, FaultRecord, FrameRecord, MessageRecord
from wsproxy.protocol.deflate import DeflateParameters, Deflater
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.journal import (
    BATCH_WEIGHT,
    DRAIN_SECONDS,
    FLUSH_SECONDS,
    TURN_SECONDS,
    UNDECODED_HIGH,
    Journal,
)

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


class SlowClock(FakeClock):
    """A clock on which a look at the time takes some."""

    step = 0.0

    def time(self) -> float:
        self.now += self.step
        return self.now


class Scene:
    def __init__(self) -> None:
        self.clock = SlowClock()
        self.recorder = FakeRecorder()
        self.journal = Journal(self.clock, self.recorder)

    def note(self, decoder: StreamDecoder, data: bytes, time: float = 1.0) -> None:
        if not self.journal.chunks:
            self.journal.wake()
        self.journal.chunks.append((decoder, time, data))

    @property
    def frames(self) -> list[FrameRecord]:
        return [r for batch in self.recorder.batches for _, r in batch.block.frames()]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_chunks_come_out_in_the_order_they_went_in(scene: Scene) -> None:
    up, down = StreamDecoder(1, UP), StreamDecoder(1, DOWN)
    scene.note(up, make_frame(1, b"a", masking_key=b"abcd").wire, 1.0)
    scene.note(down, make_frame(1, b"b").wire + make_frame(10, b"").wire, 2.0)
    scene.clock.advance(DRAIN_SECONDS)
    scene.clock.advance(FLUSH_SECONDS)
    assert [(r.time, r.frame.opcode) for r in scene.frames] == [(1.0, 1), (2.0, 1), (2.0, 10)]
    assert [batch.first_id for batch in scene.recorder.batches] == [1]


def test_messages_and_faults_come_along(scene: Scene) -> None:
    fragments = make_frame(1, b"a", fin=False).wire + make_frame(0, b"b").wire
    scene.note(StreamDecoder(1, DOWN), fragments)
    fault = FaultRecord(1, DOWN, 1.0, "slow", "latency")
    scene.journal.add_fault(fault)
    scene.journal.flush()
    (batch,) = scene.recorder.batches
    assert [message.content for message in batch.messages] == [b"ab"]
    assert batch.faults == [fault]


def test_a_flood_is_decoded_in_turns_and_read_no_further(scene: Scene) -> None:
    flood, other = StreamDecoder(1, DOWN), StreamDecoder(2, DOWN)
    throttled: list[bool] = []
    flood.throttle = throttled.append
    other.throttle = lambda paused: pytest.fail("the other one is not to blame")
    scene.clock.step = TURN_SECONDS / 3
    scene.note(flood, make_frame(1, b"").wire * UNDECODED_HIGH)
    scene.note(other, make_frame(1, b"").wire)
    assert not scene.journal.drain()
    assert throttled == [True]
    turns = 1
    while not scene.journal.drain():
        turns += 1
    assert turns > 50
    assert throttled == [True, False]
    scene.journal.flush()
    assert sum(b.block.count for b in scene.recorder.batches) == UNDECODED_HIGH + 1


def test_many_floods_share_what_may_wait(scene: Scene) -> None:
    scene.clock.step = TURN_SECONDS
    throttled: list[int] = []
    piece = make_frame(9, b"").wire * 64 * 1024
    for number in range(600):
        decoder = StreamDecoder(number, DOWN)
        decoder.throttle = lambda paused, number=number: throttled.append(number)  # type: ignore[misc]
        scene.note(decoder, piece)
    assert len(piece) < UNDECODED_HIGH
    assert not scene.journal.drain()
    assert set(throttled) >= set(range(1, 600))


def test_many_small_chunks_are_decoded_in_turns_and_weigh_more_than_their_bytes(
    scene: Scene,
) -> None:
    decoder = StreamDecoder(1, DOWN)
    throttled: list[bool] = []
    decoder.throttle = throttled.append
    scene.clock.step = TURN_SECONDS
    count = 4000
    for _ in range(count):
        scene.note(decoder, make_frame(9, b"").wire)
    assert not scene.journal.drain()
    assert throttled == [True]
    assert len(scene.journal.chunks) >= count - 100


def test_nothing_is_decoded_while_the_recorder_is_behind(scene: Scene) -> None:
    decoder = StreamDecoder(1, DOWN)
    throttled: list[bool] = []
    decoder.throttle = throttled.append
    assert scene.recorder.pressed is not None
    scene.recorder.pressed(True)
    scene.note(decoder, make_frame(2, bytes(1000)).wire * 300)
    scene.clock.advance(1.0)
    assert (scene.recorder.batches, throttled) == ([], [True])
    scene.recorder.pressed(False)
    scene.clock.advance(1.0)
    assert len(scene.frames) == 300
    assert throttled == [True, False]


def test_flushing_takes_no_longer_than_it_may(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.clock.step = 0.1
    called: list[bool] = []
    for _ in range(100):
        scene.note(StreamDecoder(1, DOWN), make_frame(9, b"").wire * 1000)
    scene.journal.soon(lambda: called.append(True))
    scene.journal.flush(1.0)
    left = 100 * 2000 - sum(len(frame.frame.wire) for frame in scene.frames)
    assert left > 0
    assert scene.recorder.left_out == [("no time at the end", left)]
    assert called == [True]
    assert f"{left:,} bytes that passed at the end are not in the capture" in caplog.text


def test_batches_are_bounded(scene: Scene) -> None:
    payload = bytes(1_000_000)
    decoder = StreamDecoder(1, DOWN)
    for _ in range(20):
        scene.note(decoder, make_frame(2, payload).wire)
    scene.journal.flush()
    assert len(scene.recorder.batches) >= 4
    assert max(batch.weight for batch in scene.recorder.batches) < BATCH_WEIGHT + 2_000_000
    first_ids = [batch.first_id for batch in scene.recorder.batches]
    assert first_ids == sorted(first_ids)
    assert scene.recorder.batches[-1].last_id == 20


def test_contents_of_changed_messages_bound_batches_as_they_arise(scene: Scene) -> None:
    for number in range(20):
        changed = MessageRecord(1, DOWN, number, 1.0, 2, bytes(500_000), 500_000, 500_000)
        scene.journal.out.add_message(replace(changed, sent=bytes(500_000)))
        scene.journal.added()
    assert len(scene.recorder.batches) >= 4
    assert max(batch.weight for batch in scene.recorder.batches) < BATCH_WEIGHT + 2_000_000


def test_requests_bound_batches(scene: Scene) -> None:
    for number in range(20):
        record = HttpRecord(number, 1.0, "127.0.0.1:9", "GET", "/", "http://a/", "HTTP/1.1", [])
        record.response_body = bytes(1_000_000)
        scene.journal.add_http(record)
    assert len(scene.recorder.batches) >= 4


def test_notes_on_frames_weigh() -> None:
    orderly, odd = BatchBuilder(), BatchBuilder()
    StreamDecoder(1, DOWN).decode(make_frame(9, b"").wire * 1000, 1.0, orderly, lambda: False)
    StreamDecoder(1, DOWN).decode(make_frame(0, b"").wire * 1000, 1.0, odd, lambda: False)
    assert odd.weight > orderly.weight + 1000 * 100


def test_what_is_called_soon_is_called_after_what_came_before(scene: Scene) -> None:
    called: list[int] = []
    scene.clock.step = TURN_SECONDS
    decoder = StreamDecoder(1, DOWN)
    scene.note(decoder, make_frame(1, b"").wire * 2000)
    scene.journal.soon(lambda: called.append(len(scene.frames) + len(scene.journal.out)))
    scene.note(decoder, make_frame(1, b"").wire)
    assert called == []
    scene.clock.step = 0.0
    scene.journal.flush()
    assert called == [2000]


def test_a_connection_is_told_of_after_its_frames(scene: Scene) -> None:
    scene.note(StreamDecoder(1, DOWN), make_frame(1, b"a").wire)
    record = connection()
    scene.journal.connection_changed(record)
    assert len(scene.frames) == 1
    assert scene.recorder.ends == [None]


def test_a_bug_in_decoding_resets_its_connection_and_no_other(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(StreamDecoder):
        def decode(self, *args: object) -> bytes:
            raise RuntimeError("a bug")

    broken, other = Broken(1, DOWN), StreamDecoder(2, DOWN)
    failed: list[bool] = []
    broken.failed = lambda: failed.append(True)
    with caplog.at_level(logging.ERROR):
        scene.note(broken, b"x")
        scene.note(other, make_frame(1, b"a").wire)
        scene.journal.flush()
    assert failed == [True]
    assert [r.connection_id for r in scene.frames] == [2]
    assert "a bug" in caplog.text


def test_weight_counts_contents_of_fragmented_messages() -> None:
    deflater, out = Deflater(), BatchBuilder()
    packed = deflater.message(bytes(100_000))
    begin = make_frame(2, packed[:10], rsv1=True, fin=False).wire
    negotiated = NegotiatedExtensions(DeflateParameters())
    decoder = StreamDecoder(1, DOWN, negotiated)
    decoder.decode(begin + make_frame(0, packed[10:]).wire, 1.0, out, lambda: False)
    assert out.size > 100_000


def test_weight_counts_frames_and_contents() -> None:
    out = BatchBuilder()
    StreamDecoder(1, DOWN).decode(make_frame(1, b"").wire * 1000, 1.0, out, lambda: False)
    assert out.weight > 50_000
