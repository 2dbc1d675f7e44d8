"""Records as filters see them."""

from __future__ import annotations

from wsproxy.errors import Side
from wsproxy.filters.subject import subject_of
from wsproxy.model.records import ConnectionRecord, Direction, FrameRecord, MessageRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.lint import violation

CONNECTION = ConnectionRecord(
    7, 1.0, "10.0.0.5:1", "ws://up", "/chat", [("A", "1")], 101, "", [("B", "2")]
)


def test_a_frame() -> None:
    odd = (violation("close-code", "1005", Side.SERVER),)
    close = make_frame(8, encode_close(1008, "no"))
    record = FrameRecord(7, Direction.DOWNSTREAM, 2.0, close, None, odd)
    subject = subject_of(record, None, CONNECTION)
    assert (subject.opcode, subject.close_code, subject.upstream) == (8, 1008, False)
    assert (subject.url, subject.client, subject.server) == ("/chat", "10.0.0.5:1", "ws://up")
    assert (subject.request_headers, subject.response_headers) == ([("A", "1")], [("B", "2")])
    assert (subject.status, subject.rules, subject.connection_id) == (101, ("close-code",), 7)


def test_a_message_shows_its_content() -> None:
    frame = make_frame(0, b"\x00")
    record = FrameRecord(7, Direction.UPSTREAM, 2.0, frame, 3, ())
    message = MessageRecord(
        7, Direction.UPSTREAM, 3, 2.0, 1, b"Hello", 5, 9, compressed=True, verdict="changed"
    )
    subject = subject_of(record, message, None)
    assert (subject.opcode, subject.payload, subject.length) == (1, b"Hello", 9)
    assert (subject.compressed, subject.verdict, subject.upstream) == (True, "changed", True)
