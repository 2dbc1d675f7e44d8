"""Objects for programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from wsproxy.errors import Side
from wsproxy.model.records import (
    ConnectionRecord,
    Direction,
    End,
    FaultRecord,
    FrameRecord,
    MessageRecord,
)
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.lint import violation
from wsproxy.render.jsonl import connection_object, dump, fault_object, frame_object

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
        "text": "Hi",
    }


def test_what_only_some_frames_have() -> None:
    odd = (violation("text-utf8", "bad", Side.SERVER),)
    bad = frame_object(1, FrameRecord(1, DOWN, 0.0, make_frame(1, b"\xff"), 1, odd, "wsproxy"))
    assert (bad["content_base64"], bad["origin"]) == ("/w==", "wsproxy")
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
    value = frame_object(1, record, message)
    assert (value["text"], value["payload_base64"]) == ("Hello", "bG8=")
    ends = value["ends_message"]
    assert (ends["sent_text"], ends["cause"], ends["verdict"]) == ("Bye", "addon", "changed")


COMPRESSED = MessageRecord(1, DOWN, 1, 0.0, 1, b"Hello", 5, 7, compressed=True)


@pytest.mark.parametrize(
    ("frame", "message", "said"),
    [
        (make_frame(1, b"Hello"), None, {"text": "Hello"}),
        (make_frame(2, b"Hello"), None, {"content_base64": "SGVsbG8="}),
        (make_frame(1, b""), None, {"text": ""}),
        (make_frame(1, b"zip", rsv1=True), COMPRESSED, {"text": "Hello", "payload_base64": "emlw"}),
        (make_frame(1, b"Hel", fin=False), None, {"payload_base64": "SGVs"}),
        (make_frame(1, b"Hello"), replace(COMPRESSED, compressed=False), {"text": "Hello"}),
        (
            make_frame(1, b"zip", rsv1=True),
            replace(COMPRESSED, content=b"zip", opaque="cannot be inflated"),
            {"content_base64": "emlw"},
        ),
    ],
)
def test_the_readable_content_has_one_place(
    frame: Frame, message: MessageRecord | None, said: dict[str, str]
) -> None:
    value = frame_object(1, FrameRecord(1, DOWN, 0.0, frame, 1, ()), message)
    names = ("text", "content_base64", "payload_base64", "payload", "content")
    assert {name: value[name] for name in names if name in value} == said


def test_a_control_frame_has_a_payload_and_no_text() -> None:
    value = frame_object(1, FrameRecord(1, DOWN, 0.0, make_frame(9, b"hi"), None, ()))
    assert value["payload_base64"] == "aGk="
    assert "text" not in value


def test_a_fault_tells_text_as_text() -> None:
    value = fault_object(FaultRecord(1, UP, 0.0, "f", "corrupt", 1, "", "Grüße".encode(), b"\xff"))
    assert (value["before_text"], value["after_base64"]) == ("Grüße", "/w==")


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
