"""Tables run both ways: a frame and its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.framedecoder import FrameDecoder
from wsproxy.protocol.frames import Frame, encode_header, make_frame, opcode_name

KEY = bytes.fromhex("37fa213d")

# The examples of RFC 6455, section 5.7, then the three forms of the length, then oddities.
TABLE = [
    ("8105 48656c6c6f", {"opcode": 1, "payload": b"Hello", "fin": True, "masked": False}),
    ("8185 37fa213d 7f9f4d5158", {"opcode": 1, "payload": b"Hello", "masking_key": KEY}),
    ("0103 48656c", {"opcode": 1, "payload": b"Hel", "fin": False}),
    ("8002 6c6f", {"opcode": 0, "payload": b"lo", "fin": True}),
    ("8905 48656c6c6f", {"opcode": 9, "payload": b"Hello", "is_control": True}),
    ("8a85 37fa213d 7f9f4d5158", {"opcode": 10, "payload": b"Hello", "is_control": True}),
    ("827e0100" + "61" * 256, {"opcode": 2, "payload": b"a" * 256, "payload_length": 256}),
    ("827f0000000000010000" + "61" * 65536, {"payload": b"a" * 65536, "payload_length": 65536}),
    ("8100", {"opcode": 1, "payload": b"", "payload_length": 0}),
    ("8180 37fa213d", {"opcode": 1, "payload": b"", "masking_key": KEY}),
    ("c100", {"rsv1": True, "rsv2": False, "rsv3": False}),
    ("a100", {"rsv1": False, "rsv2": True, "rsv3": False}),
    ("9100", {"rsv1": False, "rsv2": False, "rsv3": True}),
    ("8b00", {"opcode": 11}),
    ("817e0001 61", {"payload": b"a", "payload_length": 1}),
    (
        "81ff0000000000000001 37fa213d 56",
        {"payload": b"a", "payload_length": 1, "masking_key": KEY},
    ),
]


@pytest.mark.parametrize(("wire", "fields"), TABLE)
def test_bytes_to_frame_and_back(wire: str, fields: dict[str, object]) -> None:
    data = bytes.fromhex(wire)
    decoder = FrameDecoder()
    (frame,) = decoder.feed(data)
    assert {name: getattr(frame, name) for name in fields} == fields
    assert frame.complete
    assert frame.wire == data
    assert decoder.at_boundary


@given(
    st.lists(st.sampled_from([bytes.fromhex(wire) for wire, _ in TABLE]), max_size=5),
    st.lists(st.integers(1, 400), min_size=1),
)
def test_chunks_of_any_size_give_the_same_frames(frames: list[bytes], sizes: list[int]) -> None:
    data = b"".join(frames)
    decoder = FrameDecoder()
    got: list[Frame] = []
    pos = turn = 0
    while pos < len(data):
        size = sizes[turn % len(sizes)]
        got += decoder.feed(data[pos : pos + size])
        pos += size
        turn += 1
    assert got == FrameDecoder().feed(data)
    assert [frame.wire for frame in got] == frames


def test_keep_bounds_what_is_kept_but_not_what_is_counted() -> None:
    decoder = FrameDecoder(keep=3)
    wire = make_frame(1, b"Hello world", masking_key=KEY).wire
    (whole,) = decoder.feed(wire)
    pieces = [frame for byte in wire for frame in decoder.feed(bytes([byte]))]
    for frame in (whole, *pieces):
        assert (frame.payload, frame.payload_length, frame.received) == (b"Hel", 11, 11)
        assert frame.payload_cut
        assert frame.complete
        with pytest.raises(ValueError, match="3 of 11"):
            _ = frame.wire


@pytest.mark.parametrize("size", [1, 2, 5, 6, 8])
def test_eof_gives_the_frame_that_was_cut_off(size: int) -> None:
    wire = make_frame(1, b"Hello", masking_key=KEY).wire
    decoder = FrameDecoder()
    assert decoder.feed(wire[:size]) == []
    assert not decoder.at_boundary
    frame = decoder.eof()
    assert frame is not None
    assert not frame.complete
    assert frame.wire == wire[:size]
    assert decoder.at_boundary


def test_eof_at_a_boundary_gives_nothing() -> None:
    decoder = FrameDecoder()
    decoder.feed(make_frame(1, b"x").wire)
    assert decoder.eof() is None


def test_length_that_does_not_fit_its_form_is_refused() -> None:
    for length, bits in ((126, 7), (65536, 16)):
        with pytest.raises(ValueError, match="does not fit"):
            encode_header(0x81, length, length_bits=bits)


def test_names() -> None:
    assert [opcode_name(code) for code in (0, 1, 10, 11)] == ["continuation", "text", "pong", "0xb"]
