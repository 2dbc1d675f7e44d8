"""Objects for programs."""

from __future__ import annotations

import json

from wsproxy.errors import Side
from wsproxy.model.records import ConnectionRecord, Direction, End, FrameRecord, MessageRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.lint import violation
from wsproxy.render.jsonl import connection_object, dump, frame_object

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def test_a_frame_with_every_header_field() -> None:
    record = FrameRecord(3, UP, 5.5, make_frame(1, b"Hi", masking_key=b"\x01\x02\x03\x04"), 2, ())
    assert json.loads(dump(frame_object(9, record))) == {
        "event": "frame",
        "id": 9,
        "time": 5.5,
        "connection": 3,
        "direction": "upstream",
        "opcode": "text",
        "fin": True,
        "rsv1": False,
        "rsv2": False,
        "rsv3": False,
        "masking_key": "01020304",
        "payload_length": 2,
        "message": 2,
        "payload": "Hi",
    }


def test_what_only_some_frames_have() -> None:
    odd = (violation("text-utf8", "bad", Side.SERVER),)
    bad = frame_object(1, FrameRecord(1, DOWN, 0.0, make_frame(1, b"\xff"), 1, odd, "wsproxy"))
    assert (bad["payload_base64"], bad["origin"]) == ("/w==", "wsproxy")
    assert bad["violations"][0]["rule"] == "text-utf8"
    cut = frame_object(1, FrameRecord(1, DOWN, 0.0, Frame(2, b"\x82\x05", b"a", 5, 5), 1, ()))
    assert cut["payload_cut"] is True
    short = frame_object(1, FrameRecord(1, DOWN, 0.0, Frame(2, b"\x82\x05", b"a", 5, 1), 1, ()))
    assert short["received"] == 1
    close = make_frame(8, encode_close(1000, "bye"))
    closed = frame_object(1, FrameRecord(1, DOWN, 0.0, close, None, ()))
    assert (closed["close_code"], closed["close_reason"]) == (1000, "bye")


def test_the_message_that_a_frame_ends() -> None:
    record = FrameRecord(1, DOWN, 0.0, make_frame(0, b"lo"), 1, ())
    message = MessageRecord(
        1, DOWN, 1, 0.0, 1, b"Hello", 5, 5, verdict="changed", sent=b"Bye", cause="addon"
    )
    ends = frame_object(1, record, message)["ends_message"]
    assert (ends["content"], ends["sent"], ends["cause"]) == ("Hello", "Bye", "addon")


def test_connections() -> None:
    connection = ConnectionRecord(3, 1.0, "c", "ws://up", "/", [], 101, closed=2.0)
    connection.end = End("closed", "client", 1000, "bye")
    value = connection_object(connection)
    assert (value["state"], value["by"], value["code"], value["time"]) == (
        "closed",
        "client",
        1000,
        2.0,
    )
