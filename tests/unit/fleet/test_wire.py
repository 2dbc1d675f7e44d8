"""What goes through the stream comes out as it went in, and nothing else comes in."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsproxy.errors import Side
from wsproxy.fleet.cutting import cut
from wsproxy.fleet.interfaces import Placed
from wsproxy.fleet.wire import decode
from wsproxy.fleet.wire import encode as encode_in_parts
from wsproxy.model.batches import Batch, BatchBuilder
from wsproxy.model.blocks import Note
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import (
    ConnectionRecord,
    Direction,
    End,
    FaultRecord,
    MessageRecord,
)
from wsproxy.protocol.lint import Violation


def encode(*what: object) -> bytes:
    return b"".join(encode_in_parts(*what))  # type: ignore[arg-type]


VIOLATION = Violation("rsv", "5.2", "a reserved bit", Side.CLIENT)


def connection() -> ConnectionRecord:
    return ConnectionRecord(
        7, 1.5, "127.0.0.1:4", "ws://u/x", "/x", [("Host", "u")], 101, "Switching Protocols",
        [("Upgrade", "websocket")], "chat", "permessage-deflate", 2.5, End("closed", "client", 1000),
    )  # fmt: skip


def batch() -> Batch:
    out = BatchBuilder()
    out.add_frame(14, 1.0, 1, b"\x81\x05", (b"hello",), 5)
    out.add_frame(15, 2.0, 1, b"\xc1\x03", (b"zzz",), 3, Note(None, (VIOLATION,)), b"inflated")
    out.add_frame(15, 3.0, 0, b"\x88\x05", (b"\x03\xe8bye",), 5)
    out.add_message(
        MessageRecord(
            7,
            Direction.UPSTREAM,
            1,
            1.0,
            1,
            b"hello",
            5,
            5,
            verdict="changed",
            sent=b"HELLO",
            cause="a fault",
            violations=(VIOLATION,),
        )
    )
    out.add_fault(FaultRecord(7, None, 1.0, "cut", "reset", None, "cut off", b"before", b"after"))
    http = HttpRecord(3, 1.0, "c:1", "GET", "/", "http://u/", "HTTP/1.1", [("A", "b")], None, 200)
    http.response_body = b"body"
    out.add_http(http)
    return out.build_batch(10)


def same(one: Batch, other: Batch) -> bool:
    return (list(one.seen()), one.messages, one.faults, one.http, one.first_id) == (
        list(other.seen()),
        other.messages,
        other.faults,
        other.http,
        other.first_id,
    )


def test_all_comes_back() -> None:
    made: list[Placed] = [(batch(), (1, 400)), (batch(), (2, 0))]
    notes = [NoteRecord(7, Direction.UPSTREAM, 1, "look", True), NoteRecord(7)]
    connections, found, noted = decode(encode([connection()], made, notes))
    assert noted == notes
    assert connections == [connection()]
    assert [place for _, place in found] == [(1, 400), (2, 0)]
    assert all(same(one, other) for (one, _), (other, _) in zip(made, found, strict=True))


GOOD = encode([connection()], [(batch(), (1, 400))])


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=8))
def test_what_is_damaged_is_refused_or_read(at: int, put: bytes) -> None:
    data = GOOD[:at] + put + GOOD[at + len(put) :]
    try:
        _, found, _ = decode(data)
    except ValueError:
        return
    for one, _ in found:
        list(one.seen())  # whatever it is, it can be gone through


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 2), ("count", -1), ("first_id", "x"), ("sizes", [1]), ("until", [1, -1])],
)
def test_what_does_not_fit_is_refused(field: str, value: object) -> None:
    (length,) = struct.unpack_from("<I", GOOD, 4)
    head = json.loads(GOOD[8 : 8 + length])
    head["batches"][0][field] = value
    text = json.dumps(head).encode()
    with pytest.raises(ValueError, match=r".+"):
        decode(GOOD[:4] + struct.pack("<I", len(text)) + text + GOOD[8 + length :])


def test_cut_payloads_say_how_long_they_were() -> None:
    shortened = cut(batch(), 2)
    text, compressed, close = shortened.seen()
    assert (text.record.frame.payload, text.record.frame.payload_length) == (b"he", 5)
    assert text.record.frame.received == 5
    assert text.message is not None
    assert (text.message.content, text.message.sent) == (b"he", b"HE")
    assert compressed.message is not None
    assert (compressed.message.content, compressed.message.content_length) == (b"in", 8)
    assert compressed.record.violations == (VIOLATION,)
    assert close.record.frame.payload == b"\x03\xe8bye"
    assert shortened.faults[0].before == b"be"


def test_nothing_is_made_anew_where_nothing_is_cut() -> None:
    out = BatchBuilder()
    out.add_frame(14, 1.0, 1, b"\x81\x05", (b"hello",), 5)
    whole = out.build_batch(1)
    assert cut(whole, 5) is whole
