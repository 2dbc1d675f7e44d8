"""A session between two peers without sockets."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.support.fakes import FakeClock, FakeRecorder, FakeTransport, connection
from tests.support.framedecoder import FrameDecoder
from wsproxy.model.records import Direction, End, FrameRecord, MessageRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.journal import DRAIN_SECONDS, UNDECODED_HIGH, Journal
from wsproxy.relay.session import FIN_SECONDS, HALF_CLOSED_SECONDS, STOP_SECONDS, Session

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM
KEY = b"abcd"


@dataclass
class Scene:
    """A session and everything around it."""

    client: FakeTransport = field(default_factory=FakeTransport)
    server: FakeTransport = field(default_factory=FakeTransport)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    clock: FakeClock = field(default_factory=FakeClock)
    ended: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = Journal(self.clock, self.recorder)
        self.session = Session(
            connection(),
            self.client,
            self.server,
            self.journal,
            self.clock,
            on_end=lambda: self.ended.append(True),
        )

    def send(self, direction: Direction, data: bytes) -> None:
        self.session.lanes[direction].bytes_received(data)

    def taken(self) -> tuple[list[FrameRecord], list[MessageRecord]]:
        self.journal.flush()
        return self.recorder.taken()

    @property
    def end(self) -> End | None:
        return self.session.connection.end


def close_frame(code: int, *, masked: bool) -> bytes:
    return make_frame(8, encode_close(code, "bye"), masking_key=KEY if masked else None).wire


def test_bytes_go_on_at_once_and_are_recorded() -> None:
    scene = Scene()
    scene.send(UP, make_frame(1, b"Hello", masking_key=KEY).wire[:4])
    assert scene.server.written == make_frame(1, b"Hello", masking_key=KEY).wire[:4]
    scene.send(UP, make_frame(1, b"Hello", masking_key=KEY).wire[4:])
    scene.send(DOWN, make_frame(1, b"Hi").wire)
    assert scene.client.written == make_frame(1, b"Hi").wire
    frames, _ = scene.taken()
    assert [(r.direction, r.frame.payload) for r in frames] == [(UP, b"Hello"), (DOWN, b"Hi")]


@pytest.mark.parametrize(("first", "by"), [(UP, "client"), (DOWN, "server")])
def test_a_clean_end(first: Direction, by: str) -> None:
    scene = Scene()
    scene.send(first, close_frame(4001, masked=first is UP))
    scene.clock.advance(1)
    scene.send(first.other, close_frame(4001, masked=first is DOWN))
    scene.session.eof_received(DOWN)
    assert scene.client.events == ["eof"]
    scene.session.eof_received(UP)
    scene.session.connection_lost(DOWN, None)
    assert not scene.ended
    scene.session.connection_lost(UP, None)
    assert scene.ended == [True]
    assert scene.end == End("closed", by, 4001, "bye")
    assert scene.recorder.ends == [scene.end]


def test_an_end_of_stream_is_passed_on_and_no_more() -> None:
    scene = Scene()
    scene.session.eof_received(UP)
    assert scene.server.events == ["eof"]
    assert scene.client.events == []
    scene.send(DOWN, b"\x81\x00")
    assert scene.client.written == b"\x81\x00"


def test_half_a_connection_does_not_live_for_ever() -> None:
    scene = Scene()
    scene.session.eof_received(UP)
    scene.clock.advance(HALF_CLOSED_SECONDS + 1)
    assert scene.server.events == ["eof", "reset"]
    assert scene.client.events == ["reset"]


def test_a_reset_goes_on_as_a_reset() -> None:
    scene = Scene()
    scene.session.connection_lost(UP, ConnectionResetError())
    assert scene.server.events == ["reset"]
    scene.session.connection_lost(DOWN, None)
    assert scene.end == End("aborted", "client", None, "reset")


def test_a_close_without_an_answer_is_no_clean_end() -> None:
    scene = Scene()
    scene.send(UP, close_frame(1000, masked=True))
    scene.session.connection_lost(DOWN, None)
    scene.session.connection_lost(UP, None)
    assert scene.end == End("aborted", "server", 1000, "broke off after the client's Close")


def test_a_frame_that_is_cut_off_is_recorded() -> None:
    scene = Scene()
    scene.send(DOWN, make_frame(1, b"Hello").wire[:4])
    scene.session.connection_lost(DOWN, None)
    (record,), _ = scene.taken()
    assert record.frame.wire == make_frame(1, b"Hello").wire[:4]
    assert [violation.rule for violation in record.violations] == ["frame-cut-off"]


def test_a_slow_reader_stops_the_other_side() -> None:
    scene = Scene()
    scene.session.writing_paused(UP, True)  # the client reads slowly
    assert (scene.client.reading, scene.server.reading) == (True, False)
    scene.session.writing_paused(UP, False)
    assert scene.server.reading


def test_a_slow_store_stops_who_sends_much_and_nobody_else() -> None:
    scene = Scene()
    assert scene.recorder.pressed is not None
    scene.recorder.pressed(True)
    scene.send(UP, make_frame(2, bytes(UNDECODED_HIGH), masking_key=b"abcd").wire)
    scene.send(DOWN, make_frame(2, bytes(UNDECODED_HIGH // 2)).wire)
    scene.clock.advance(DRAIN_SECONDS)
    assert (scene.client.reading, scene.server.reading) == (False, True)
    assert not scene.recorder.batches
    scene.session.writing_paused(DOWN, True)  # the server reads slowly, too
    scene.recorder.pressed(False)
    scene.clock.advance(DRAIN_SECONDS)
    assert not scene.client.reading
    scene.session.writing_paused(DOWN, False)
    assert scene.client.reading
    frames, _ = scene.taken()
    assert len(frames) == 2


def test_stopping_says_1001_to_both() -> None:
    scene = Scene()
    scene.session.stop()
    for transport, masked in ((scene.client, False), (scene.server, True)):
        (frame,) = FrameDecoder().feed(bytes(transport.written))
        assert (frame.opcode, frame.masked) == (8, masked)
        assert frame.payload == encode_close(1001, "wsproxy stops")
    frames, _ = scene.taken()
    assert [record.origin for record in frames] == ["wsproxy", "wsproxy"]
    scene.clock.advance(STOP_SECONDS)
    assert (scene.client.events, scene.server.events) == (["close"], ["close"])
    scene.session.connection_lost(UP, None)
    scene.session.connection_lost(DOWN, None)
    assert scene.end == End("closed", "wsproxy", 1001, "wsproxy stops")


def test_stopping_with_a_peer_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop raises for it, and the other peer is told all the same."""

    def gone(data: bytes) -> None:
        raise RuntimeError("the handler is closed")

    scene = Scene()
    monkeypatch.setattr(scene.server, "write", gone)  # the upstream lane is the first one
    scene.session.stop()
    (frame,) = FrameDecoder().feed(bytes(scene.client.written))
    assert frame.opcode == 8
    scene.clock.advance(STOP_SECONDS)
    assert (scene.client.events, scene.server.events) == (["close"], ["close"])


def test_stopping_splits_no_frame() -> None:
    scene = Scene()
    scene.send(DOWN, make_frame(1, b"Hello").wire[:4])
    scene.session.stop()
    assert bytes(scene.client.written) == make_frame(1, b"Hello").wire[:4]
    assert scene.server.written


def test_stopping_after_both_closed_only_closes() -> None:
    scene = Scene()
    scene.send(UP, close_frame(1000, masked=True))
    scene.send(DOWN, close_frame(1000, masked=False))
    scene.session.stop()
    assert bytes(scene.client.written) == close_frame(1000, masked=False)
    assert scene.client.events == ["close"]


def test_pause_and_reset_by_hand() -> None:
    scene = Scene()
    scene.session.pause(DOWN, True)
    assert not scene.server.reading
    scene.session.pause(DOWN, False)
    assert scene.server.reading
    scene.session.reset("user")
    assert (scene.client.events, scene.server.events) == (["reset"], ["reset"])
    scene.session.connection_lost(UP, None)
    scene.session.connection_lost(DOWN, None)
    assert scene.end == End("aborted", "user", None, "reset")


def test_who_ends_second_cuts_nothing_off() -> None:
    """A client that leaves while the server is in the middle of a frame: nobody broke a rule."""
    scene = Scene()
    scene.send(DOWN, make_frame(1, b"Hello").wire[:4])
    scene.session.eof_received(UP)
    scene.session.eof_received(DOWN)
    scene.session.connection_lost(UP, None)
    scene.session.connection_lost(DOWN, None)
    (record,), _ = scene.recorder.taken()
    assert record.frame.wire == make_frame(1, b"Hello").wire[:4]
    assert not record.violations
    assert scene.end == End("aborted", "client", None, "ended the stream")


def test_a_close_that_is_answered_by_an_end_of_stream_is_no_abort() -> None:
    scene = Scene()
    scene.send(DOWN, close_frame(1000, masked=False))
    scene.session.eof_received(UP)
    scene.session.eof_received(DOWN)
    scene.session.connection_lost(UP, None)
    scene.session.connection_lost(DOWN, None)
    assert scene.end == End("closed", "server", 1000, "bye")


def test_stopping_waits_no_longer_for_a_client_that_answers_nothing() -> None:
    """The server's FIN must not bring a longer deadline with it."""
    scene = Scene()
    scene.session.stop()
    scene.send(DOWN, close_frame(1001, masked=False))
    scene.session.eof_received(DOWN)
    scene.clock.advance(STOP_SECONDS)
    scene.clock.advance(FIN_SECONDS)
    assert scene.client.events == ["eof", "close", "reset"]


def test_stopping_can_be_cut_short() -> None:
    scene = Scene()
    scene.session.stop()
    scene.session.cut()
    assert (scene.client.events, scene.server.events) == (["reset"], ["reset"])
