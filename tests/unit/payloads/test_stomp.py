"""STOMP: what stomp-py encodes, cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stomp.utils import Frame, convert_frame

from tests.unit.payloads.talk import DOWN, UP, Talk, cuts


def encoded(command: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    return b"".join(convert_frame(Frame(command, headers, body)))


def test_lines() -> None:
    talk = Talk("v12.stomp")
    assert talk.up(encoded("CONNECT", {"accept-version": "1.2", "host": "h"})) == "CONNECT h v1.2"
    assert talk.down("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0") == (
        "CONNECTED v1.2 heart-beat=0,0"
    )
    assert talk.up('SEND\ndestination:/topic/a\n\n{"a":1}\0') == 'SEND /topic/a 7 B {"a":1}'
    assert talk.down("MESSAGE\ndestination:/topic/a\nsubscription:sub-0\nmessage-id:1\n\n\0\n") == (
        "MESSAGE /topic/a sub-0"
    )
    assert talk.up("DISCONNECT\nreceipt:close-1\n\n\0") == "DISCONNECT receipt=close-1"
    assert talk.down("RECEIPT\r\nreceipt-id:close-1\r\n\r\n\0") == "RECEIPT close-1"
    assert talk.down("\n") == "heartbeat"
    assert talk.up("ACK\nid:7\ntransaction:t\n\n\0") == "ACK 7 t"


@pytest.mark.parametrize(
    ("version", "value"), [("v10.stomp", "a\\nb"), ("v11.stomp", "a\nb"), ("v12.stomp", "a\nb")]
)
def test_escapes(version: str, value: str) -> None:
    (found,) = Talk(version).feed(UP, "SEND\nx:a\\nb\n\n\0")
    assert found.value["headers"] == {"x": value}


def test_the_first_of_repeated_headers_counts() -> None:
    (found,) = Talk("v12.stomp").feed(UP, "SEND\nfoo:1\nfoo:2\n\n\0")
    assert found.value["headers"] == {"foo": "1"}


def test_several_frames_in_a_message_and_one_in_several() -> None:
    talk = Talk("v12.stomp")
    assert talk.lines(UP, "SEND\ndestination:a\n\nx\0\nSEND\ndestination:b\n\ny\0\n") == [
        "SEND a 1 B x",
        "SEND b 1 B y",
    ]
    assert talk.up("SEND\ndestination:c\n\n12") == "(partial) SEND 22 B"
    assert talk.up("34\0") == "SEND c 4 B 1234"
    assert talk.lines(UP, "SEND\ndestination:d\ncontent-length:3\n\na\0") == [
        "(partial) SEND 39 B of 41 B"
    ]
    assert talk.up(b"b\0") == "SEND d 3 B <610062>"


def test_pairs() -> None:
    talk = Talk("v12.stomp")
    assert talk.pair(UP, "CONNECT\n\n\0") == ("connect", "request", "upstream")
    assert talk.pair(DOWN, "CONNECTED\n\n\0") == ("connect", "answer", "upstream")
    assert talk.pair(UP, "SEND\nreceipt:7\n\n\0") == ("receipt 7", "request", "upstream")
    assert talk.pair(DOWN, "RECEIPT\nreceipt-id:7\n\n\0") == ("receipt 7", "answer", "upstream")
    assert talk.pair(DOWN, "ERROR\nreceipt-id:8\n\n\0") == ("receipt 8", "answer", "upstream")


NAMES = st.text("abcé-", min_size=1, max_size=8).filter(lambda name: name != "content-length")
TEXTS = st.text(
    st.characters(exclude_characters="\0\r\n:\\", exclude_categories=["Cs"]), max_size=20
)
FRAMES = st.tuples(
    st.sampled_from(["SEND", "SUBSCRIBE", "ACK", "BEGIN"]),
    st.dictionaries(NAMES, TEXTS, max_size=4),
    st.binary(max_size=200),
)


@given(st.data(), st.lists(FRAMES, min_size=1, max_size=5))
def test_cut_anywhere(data: st.DataObject, frames: list[tuple[str, dict[str, str], bytes]]) -> None:
    wire = b""
    for command, headers, body in frames:
        full = {**headers, "content-length": str(len(body))} if body else headers
        wire += encoded(command, full, body or None) + b"\n"
    talk = Talk("v12.stomp")
    found = [one for piece in data.draw(cuts(wire)) for one in talk.feed(UP, piece)]
    whole = [one.value for one in found if one.kind not in {"(partial)", "heartbeat"}]
    assert [
        (
            one["command"],
            {name: text for name, text in one["headers"].items() if name != "content-length"},
            one.get("body", b""),
        )
        for one in whole
    ] == frames
