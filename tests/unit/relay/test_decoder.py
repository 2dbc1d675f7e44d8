"""One direction: bytes in, entries of a batch out, whichever way they take through the decoder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.framedecoder import FrameDecoder
from tests.support.recording import batch_of
from wsproxy.model.batches import Batch, BatchBuilder
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.queries import Seen
from wsproxy.model.records import Direction
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.deflate import DeflateParameters, Deflater
from wsproxy.protocol.frames import RSV1, Frame, Opcode, encode_header, make_frame, parse_header
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.protocol.messages import INFLATE_AT_ONCE
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.holding import HoldBudget, Holding, Unheld
from wsproxy.relay.short_ways import RUN_FRAMES

KEY = b"\x01\x02\x03\x04"
DEFLATE = NegotiatedExtensions(DeflateParameters())
UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def decoded(decoder: StreamDecoder, *chunks: bytes, end: bool = False) -> list[Seen]:
    """What becomes of chunks."""
    out = BatchBuilder()
    for number, chunk in enumerate(chunks):
        rest = chunk
        while rest or decoder.unfinished:
            rest = decoder.decode(rest, float(number), out, lambda: False)
    if end:
        decoder.eof(99.0, out)
    return list(out.build_batch(1).seen())


def test_a_whole_message_is_one_frame() -> None:
    frame = make_frame(1, b"Hello", masking_key=KEY)
    (seen,) = decoded(StreamDecoder(3, UP), frame.wire)
    record = seen.record
    assert (record.connection_id, record.direction, record.message) == (3, UP, 1)
    assert (record.frame, record.violations, record.origin) == (frame, (), None)
    assert seen.message is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
@pytest.mark.parametrize("direction", Direction)
def test_a_run_knows_every_form_of_length(direction: Direction, size: int) -> None:
    key = KEY if direction is UP else None
    frames = [
        make_frame(1, b"x" * size, masking_key=key),
        make_frame(2, b"\xff" * size, masking_key=key),
    ]
    seen = decoded(StreamDecoder(1, direction), b"".join(frame.wire for frame in frames))
    assert [each.record.frame for each in seen] == frames
    assert [each.record.message for each in seen] == [1, 2]


ODD = {
    "reserved bits": (make_frame(1, b"a", rsv1=True).wire, "rsv-bits"),
    "a mask that must not be": (make_frame(1, b"a", masking_key=KEY).wire, "masked-server-frame"),
    "an overlong length": (bytes.fromhex("817e000161"), "length-not-minimal"),
    "text that is not UTF-8": (make_frame(1, b"\xff").wire, "text-utf8"),
    "a reserved opcode": (make_frame(11, b"").wire, "reserved-opcode"),
    "a ping that is too long": (make_frame(9, b"x" * 126).wire, "control-too-long"),
    "a ping in fragments": (make_frame(9, b"x", fin=False).wire, "control-fragmented"),
    "a continuation of nothing": (make_frame(0, b"x").wire, "continuation-without-start"),
}


@pytest.mark.parametrize(("data", "rule"), ODD.values(), ids=ODD)
def test_what_is_odd_is_named_wherever_it_stands(data: bytes, rule: str) -> None:
    good = make_frame(1, b"good").wire
    for chunk in (data, good + data, data + good, good * 2 + data + good):
        seen = decoded(StreamDecoder(1, DOWN), chunk)
        rules = [v.rule for each in seen for v in each.record.violations]
        assert rules == [rule]
        assert b"".join(each.record.frame.wire for each in seen) == chunk


def test_nothing_is_in_order_after_a_close() -> None:
    seen = decoded(StreamDecoder(1, DOWN), make_frame(8, b"").wire + make_frame(1, b"a").wire)
    assert [v.rule for v in seen[1].record.violations] == ["after-close"]


def test_fragments_share_a_number_and_end_in_a_message() -> None:
    data = make_frame(1, b"a", fin=False).wire + make_frame(9, b"").wire + make_frame(0, b"b").wire
    seen = decoded(StreamDecoder(1, DOWN), data + make_frame(1, b"next").wire)
    assert [each.record.message for each in seen] == [1, None, 1, 2]
    message = seen[2].message
    assert message is not None
    assert (message.number, message.content, message.verdict) == (1, b"ab", "relayed")
    assert [each.message for each in (seen[0], seen[1], seen[3])] == [None, None, None]


def test_compressed_messages_show_what_they_say() -> None:
    deflater = Deflater()
    wires = [make_frame(1, deflater.message(b"Hello"), rsv1=True).wire for _ in range(2)]
    first, second = (each.message for each in decoded(StreamDecoder(1, DOWN, DEFLATE), *wires))
    assert first is not None and second is not None
    assert (first.content, second.content, second.compressed) == (b"Hello", b"Hello", True)
    assert second.payload_length < first.payload_length  # the context was taken over


def test_an_empty_compressed_message_has_an_empty_content() -> None:
    wire = make_frame(1, Deflater().message(b""), rsv1=True).wire
    (seen,) = decoded(StreamDecoder(1, DOWN, DEFLATE), wire)
    assert seen.message is not None
    assert (seen.message.content, seen.message.content_length) == (b"", 0)


def test_an_unknown_extension_makes_messages_opaque() -> None:
    negotiated = NegotiatedExtensions(None, ("x-mux",))
    (seen,) = decoded(StreamDecoder(1, DOWN, negotiated), make_frame(1, b"\xff", rsv1=True).wire)
    assert seen.record.violations == ()
    assert seen.message is not None
    assert seen.message.opaque == "unknown extension x-mux"


def test_payloads_are_cut_in_the_record_and_counted() -> None:
    fragments = make_frame(2, b"abc", fin=False).wire + make_frame(0, b"defghi").wire
    seen = decoded(StreamDecoder(1, DOWN, max_payload=4), fragments)
    frames = [each.record.frame for each in seen]
    assert [(f.payload, f.payload_length, f.received) for f in frames] == [
        (b"abc", 3, 3),
        (b"defg", 6, 6),
    ]
    message = seen[1].message
    assert message is not None
    assert (message.content, message.content_length) == (b"abcd", 9)


def test_a_compressed_message_larger_than_what_is_kept_keeps_the_context() -> None:
    deflater = Deflater()
    content = bytes(range(256)) * 8
    wires = [
        make_frame(2, deflater.message(part), rsv1=True).wire for part in (content, content[:9])
    ]
    seen = decoded(StreamDecoder(1, DOWN, DEFLATE, max_payload=10), *wires)
    first, second = (each.message for each in seen)
    assert first is not None and second is not None
    assert (first.content, first.content_length) == (content[:10], len(content))
    assert second.content == content[:9]
    assert len(seen[0].record.frame.payload) == 10


def test_close_is_remembered() -> None:
    decoder = StreamDecoder(1, UP)
    decoded(decoder, make_frame(8, encode_close(4001, "bye"), masking_key=KEY).wire)
    assert decoder.close == (0.0, 4001, "bye", None)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_eof_records_what_was_cut_off(size: int) -> None:
    decoder = StreamDecoder(1, DOWN)
    data = make_frame(1, b"Hello").wire[:size]
    (seen,) = decoded(decoder, data, end=True)
    assert seen.record.frame.wire == data
    assert [v.rule for v in seen.record.violations] == ["frame-cut-off"]
    assert decoder.at_frame_boundary


def test_a_large_message_in_pieces_is_kept_as_its_pieces() -> None:
    text = ("é" * 35000).encode()
    data = make_frame(1, text, masking_key=KEY).wire
    decoder = StreamDecoder(1, UP)
    out = BatchBuilder()
    for start in range(0, len(data), 29_999):  # odd: characters and masking keys are cut
        assert decoder.decode(data[start : start + 29_999], 1.0, out, lambda: False) == b""
    assert len(out.pieces) == 1 + 3
    (seen,) = out.build_batch(1).seen()
    assert (seen.record.frame.payload, seen.record.violations) == (text, ())


def test_decoding_stops_where_the_time_is_up_and_goes_on_from_there() -> None:
    one = make_frame(1, b"", masking_key=KEY).wire
    data = one * (3 * RUN_FRAMES)
    decoder = StreamDecoder(1, UP)
    out = BatchBuilder()
    rest = decoder.decode(data, 1.0, out, lambda: True)
    assert len(out) == RUN_FRAMES
    assert rest == one * (2 * RUN_FRAMES)
    fragments = make_frame(0, b"", fin=False, masking_key=KEY).wire * 1000
    rest = decoder.decode(fragments, 1.0, BatchBuilder(), lambda: True)
    assert 0 < len(rest) < len(fragments)


def test_inflating_stops_where_it_is_much_and_goes_on_from_there() -> None:
    wire = make_frame(2, Deflater().message(bytes(4 * INFLATE_AT_ONCE)), rsv1=True).wire
    decoder = StreamDecoder(1, DOWN, DEFLATE)
    out = BatchBuilder()
    next_ = make_frame(1, b"next").wire
    rest = decoder.decode(wire + next_, 1.0, out, lambda: True)
    assert (rest, decoder.unfinished, len(out)) == (next_, True, 0)
    while rest:
        rest = decoder.decode(rest, 1.0, out, lambda: True)
    seen = list(out.build_batch(1).seen())
    assert seen[0].message is not None
    assert seen[0].message.content_length == 4 * INFLATE_AT_ONCE
    assert seen[1].record.frame.payload == b"next"


@pytest.mark.parametrize("fragments", [1, 2])
def test_many_small_messages_that_inflate_to_much_stop_where_the_time_is_up(fragments: int) -> None:
    each = INFLATE_AT_ONCE // 10
    deflater = Deflater()
    wire = b""
    for _ in range(60):
        packed = deflater.message(bytes(each))
        wire += make_frame(2, packed, rsv1=True, fin=fragments == 1).wire
        wire += make_frame(0, b"").wire * (fragments - 1)
    out = BatchBuilder()
    assert StreamDecoder(1, DOWN, DEFLATE, each).decode(wire, 1.0, out, lambda: True)
    assert len(out) <= 11 * fragments


def test_of_a_message_too_large_to_be_held_no_more_is_kept_than_recorded() -> None:
    decoder = StreamDecoder(1, DOWN, max_payload=100)
    holding = Holding(HoldBudget(limit=1000))
    decoder.hold(holding)
    decoder.decode(make_frame(2, bytes(5000)).wire, 1.0, BatchBuilder(), lambda: False)
    message = holding.completed[-1]
    assert isinstance(message, Unheld)
    assert (len(message.message.content), message.message.content_length) == (100, 5000)


def _any_frame(first: int, payload: bytes, masked: bool) -> Frame:
    header = encode_header(first, len(payload), KEY if masked else None)
    return Frame(first & 15, header, payload, len(payload), len(payload))


ANY_FRAME = st.builds(
    _any_frame,
    st.sampled_from([0x81, 0x82, 0x89, 0xC1]) | st.integers(0, 255),
    st.binary(max_size=200) | st.integers(65530, 65540).map(lambda size: b"x" * size),
    st.booleans(),
)
NEGOTIATED = st.sampled_from([NegotiatedExtensions(), DEFLATE, NegotiatedExtensions(None, ("x",))])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(ANY_FRAME, max_size=8),
    st.lists(st.integers(1, 40000), min_size=1, max_size=5),
    st.integers(0, 8),
    st.sampled_from(Direction),
    NEGOTIATED,
    st.booleans(),
)
def test_runs_pieces_and_single_frames_find_what_a_plain_decoder_finds(
    frames: list[Frame],
    sizes: list[int],
    cut: int,
    direction: Direction,
    negotiated: NegotiatedExtensions,
    held: bool,
) -> None:
    data = b"".join(frame.wire for frame in frames)
    data = data[: len(data) - cut] if cut < len(data) else data
    chunks: list[bytes] = []
    pos = 0
    while pos < len(data):
        chunks.append(data[pos : pos + sizes[len(chunks) % len(sizes)]])
        pos += len(chunks[-1])
    decoder = StreamDecoder(1, direction, negotiated)
    holding = Holding(HoldBudget())
    if held:
        decoder.hold(holding)
    seen = decoded(decoder, *chunks, end=True)
    plain = FrameDecoder()
    expected = plain.feed(data)
    last = plain.eof()
    assert [each.record.frame for each in seen] == expected + ([last] if last else [])
    if held:
        holding.rest()
        passed = [
            item.wire if isinstance(item, InFlightMessage) else item.data
            for item in holding.completed
            if not isinstance(item, Unheld)
        ]
        assert sorted(b"".join(passed)) == sorted(data)


SMALL_FRAME = st.builds(
    _any_frame,
    st.sampled_from([0x00, 0x01, 0x80, 0x81, 0x82, 0x89, 0xC1]) | st.integers(0, 255),
    st.sampled_from([b"", b"a", b"\xc3\xa4", b"\xff", b"x" * 130]),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SMALL_FRAME, max_size=12), st.sampled_from(Direction), NEGOTIATED)
def test_the_short_ways_find_what_the_long_way_finds(
    frames: list[Frame], direction: Direction, negotiated: NegotiatedExtensions
) -> None:
    if negotiated is DEFLATE:  # what zlib says of broken data depends on how it was cut
        frames = [f for f in frames if f.opcode >= Opcode.CLOSE or not f.header[0] & RSV1]
    data = b"".join(frame.wire for frame in frames)
    bytewise = [data[pos : pos + 1] for pos in range(len(data))]
    short, long = (
        [
            (each.record._replace(time=0.0), each.message and replace(each.message, time=0.0))
            for each in decoded(StreamDecoder(1, direction, negotiated), *chunks, end=True)
        ]
        for chunks in ([data], bytewise)
    )
    assert short == long


@given(st.binary(min_size=0, max_size=14))
def test_what_a_run_takes_is_what_the_header_says(header: bytes) -> None:
    head = parse_header(header)
    if head is None or head[0] > 70_000:
        return
    length, size = head
    data = header[:size] + b"x" * length
    (seen,) = decoded(StreamDecoder(1, UP), data, end=True)
    assert (seen.record.frame.payload_length, len(seen.record.frame.header)) == (length, size)


def test_batches_count_what_passed() -> None:
    up, down = StreamDecoder(1, UP), StreamDecoder(1, DOWN)
    batch: Batch = batch_of(
        (up, 1.0, make_frame(1, b"abc", masking_key=KEY).wire * 3),
        (down, 1.0, make_frame(9, b"").wire),
    )
    assert batch.traffic == {up.key: [3, 27], down.key: [1, 2]}
    assert batch.last_id == 4
