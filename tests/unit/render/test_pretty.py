"""Lines for people: a table of records and lines."""

from __future__ import annotations

import pytest

from wsproxy.errors import Side
from wsproxy.model.records import ConnectionRecord, Direction, End, FrameRecord, MessageRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.lint import violation
from wsproxy.render.pretty import clock, connection_lines, frame_line, message_line

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM
KEY = bytes.fromhex("37fa213d")
NOW = 1_700_000_000.123
ODD = (violation("rsv-bits", "RSV2 set without an extension", Side.SERVER),)


def record(frame: Frame, direction: Direction = DOWN, **fields: object) -> FrameRecord:
    return FrameRecord(3, direction, NOW, frame, 1, ())._replace(**fields)  # type: ignore[arg-type]


def message(**fields: object) -> MessageRecord:
    base: dict[str, object] = {
        "content": b"Hello",
        "content_length": 5,
        "payload_length": 9,
        "opcode": 1,
    }
    return MessageRecord(3, DOWN, 1, NOW, **(base | fields))  # type: ignore[arg-type]


LINES = [
    (
        record(make_frame(1, b'{"op":"subscribe"}', masking_key=KEY), UP),
        None,
        '#3 -> TEXT fin mask=37fa213d len=18 {"op":"subscribe"}',
    ),
    (record(make_frame(2, b"\x01\x02")), None, "#3 <- BINARY fin len=2 <0102>"),
    (record(make_frame(1, b"")), None, "#3 <- TEXT fin len=0"),
    (record(make_frame(1, b"part", fin=False)), None, "#3 <- TEXT len=4 part"),
    (record(make_frame(0, b"end"), message=1), None, "#3 <- CONT fin len=3 end"),
    (record(make_frame(9, b"hi")), None, "#3 <- PING fin len=2 hi"),
    (
        record(make_frame(8, encode_close(1001, "bye"))),
        None,
        "#3 <- CLOSE fin len=5 1001 going away bye",
    ),
    (record(make_frame(8, b"")), None, "#3 <- CLOSE fin len=0"),
    (
        record(make_frame(1, b"\xf2\x48", rsv1=True)),
        message(compressed=True),
        "#3 <- TEXT fin rsv1 len=2 (5) Hello",
    ),
    (
        record(make_frame(1, b"Hello")),
        message(verdict="changed", sent=b"Bye", cause="addon"),
        "#3 <- TEXT fin len=5 Hello [changed by addon] => Bye",
    ),
    (
        record(Frame(2, bytes.fromhex("827e0100"), b"ab", 256, 256)),
        None,
        "#3 <- BINARY fin len=256 <6162…> [2 bytes kept]",
    ),
    (
        record(make_frame(8, b""), origin="wsproxy"),
        None,
        "#3 <- CLOSE fin len=0 [by wsproxy]",
    ),
    (
        record(Frame(11, b"\xab\x00", b"", 0, 0), violations=ODD),
        None,
        "#3 <- 0xb fin rsv2 len=0 ! rsv-bits (RFC 6455 5.2, server): RSV2 set without an extension",
    ),
]


@pytest.mark.parametrize(("frame", "whole", "line"), LINES, ids=[row[2] for row in LINES])
def test_frames(frame: FrameRecord, whole: MessageRecord | None, line: str) -> None:
    assert frame_line(frame, whole) == f"{clock(NOW)} {line}"


def test_colours_only_on_request() -> None:
    frame = record(make_frame(1, b"x"))
    assert "\x1b[" in frame_line(frame, colour=True)
    assert "\x1b[" not in frame_line(frame)


def test_messages() -> None:
    end = record(make_frame(0, b"lo"))
    assert message_line(end, message()) == f"{clock(NOW)} #3 <- TEXT fragmented len=9 Hello"
    whole = record(make_frame(1, b"Hi"))
    assert message_line(whole) == f"{clock(NOW)} #3 <- TEXT fin len=2 Hi"


def test_connections() -> None:
    connection = ConnectionRecord(3, NOW, "10.0.0.5:1", "ws://up", "/chat\x1b", [])
    assert connection_lines(connection) == []
    connection.status, connection.subprotocol, connection.extensions = 101, "chat", "x-mux"
    opened = f"{clock(NOW)} #3 open 10.0.0.5:1 /chat\\x1b protocol=chat [x-mux]"
    assert connection_lines(connection) == [opened]
    connection.closed, connection.end = NOW, End("closed", "client", 4001, "bye")
    assert connection_lines(connection) == [
        f"{clock(NOW)} #3 closed by client 4001 application bye"
    ]
    connection.end = End("failed", "server", 502, "no answer")
    failed = f"{clock(NOW)} #3 10.0.0.5:1 /chat\\x1b failed: no answer (wsproxy answered 502)"
    assert connection_lines(connection) == [failed]
    connection.end = End("aborted", "client", None, "reset")
    assert connection_lines(connection) == [f"{clock(NOW)} #3 aborted by client reset"]
