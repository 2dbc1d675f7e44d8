"""One direction: bytes in, records out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsproxy.model.records import Direction, FrameRecord, MessageRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.deflate import DeflateParameters, Deflater
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.decoder import Record, StreamDecoder
from wsproxy.relay.journal import Journal

KEY = b"\x01\x02\x03\x04"
DEFLATE = NegotiatedExtensions(DeflateParameters())


def frames_of(records: list[Record]) -> list[FrameRecord]:
    return [record for record in records if isinstance(record, FrameRecord)]


def messages_of(records: list[Record]) -> list[MessageRecord]:
    return [record for record in records if isinstance(record, MessageRecord)]


def test_a_whole_message_is_one_frame_record() -> None:
    decoder = StreamDecoder(3, Direction.UPSTREAM)
    frame = make_frame(1, b"Hello", masking_key=KEY)
    assert decoder.feed(frame.wire, 5.0) == [
        FrameRecord(3, Direction.UPSTREAM, 5.0, frame, 1, (), None)
    ]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
@pytest.mark.parametrize("direction", Direction)
def test_whole_message_knows_every_form_of_length(direction: Direction, size: int) -> None:
    key = KEY if direction is Direction.UPSTREAM else None
    decoder = StreamDecoder(1, direction)
    assert decoder.whole_message(make_frame(1, b"x" * size, masking_key=key).wire) == 1
    assert decoder.whole_message(make_frame(2, b"\xff" * size, masking_key=key).wire) == 2


NOT_WHOLE = {
    "two messages": make_frame(1, b"a").wire * 2,
    "part of one": make_frame(1, b"Hello").wire[:-1],
    "a fragment": make_frame(1, b"a", fin=False).wire,
    "a control frame": make_frame(9, b"").wire,
    "reserved bits": make_frame(1, b"a", rsv1=True).wire,
    "a mask that must not be": make_frame(1, b"a", masking_key=KEY).wire,
    "an overlong length": bytes.fromhex("817e000161"),
    "text that is not UTF-8": make_frame(1, b"\xff").wire,
    "nothing": b"",
    "one byte": b"\x81",
    "more than is kept": make_frame(1, b"a" * 200).wire,
}


@pytest.mark.parametrize("data", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_whole_message_leaves_everything_else_to_feed(data: bytes) -> None:
    assert StreamDecoder(1, Direction.DOWNSTREAM, max_payload=150).whole_message(data) == 0


def test_whole_message_waits_for_the_end_of_what_is_under_way() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    whole = make_frame(1, b"a").wire
    decoder.feed(make_frame(1, b"a", fin=False).wire, 0.0)
    assert decoder.whole_message(whole) == 0
    decoder.feed(make_frame(0, b"b").wire, 0.0)
    assert decoder.whole_message(whole) == 2
    decoder.feed(make_frame(8, b"").wire, 0.0)
    assert decoder.whole_message(whole) == 0


def test_violations_are_named_and_the_frame_is_recorded() -> None:
    decoder = StreamDecoder(1, Direction.UPSTREAM)
    (record,) = frames_of(decoder.feed(make_frame(1, b"\xff").wire, 0.0))
    assert [v.rule for v in record.violations] == ["unmasked-client-frame", "text-utf8"]


def test_fragments_share_a_number_and_end_in_a_message() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    data = make_frame(1, b"a", fin=False).wire + make_frame(9, b"").wire + make_frame(0, b"b").wire
    records = decoder.feed(data + make_frame(1, b"next").wire, 0.0)
    assert [record.message for record in frames_of(records)] == [1, None, 1, 2]
    (message,) = messages_of(records)
    assert (message.number, message.content, message.verdict) == (1, b"ab", "relayed")


def test_compressed_messages_show_what_they_say() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, DEFLATE)
    deflater = Deflater()
    records = []
    for _ in range(2):
        records += decoder.feed(make_frame(1, deflater.message(b"Hello"), rsv1=True).wire, 0.0)
    first, second = messages_of(records)
    assert (first.content, second.content) == (b"Hello", b"Hello")
    assert second.payload_length < first.payload_length  # the context was taken over


def test_an_unknown_extension_makes_messages_opaque() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, NegotiatedExtensions(None, ("x-mux",)))
    frame = make_frame(1, b"\xff", rsv1=True)
    assert decoder.whole_message(make_frame(1, b"a").wire) == 0
    records = decoder.feed(frame.wire, 0.0)
    assert frames_of(records)[0].violations == ()
    assert messages_of(records)[0].opaque == "unknown extension x-mux"


def test_payloads_are_cut_in_the_record_and_counted() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, max_payload=4)
    fragments = make_frame(2, b"abc", fin=False).wire + make_frame(0, b"defghi").wire
    records = decoder.feed(fragments, 0.0)
    assert [(r.frame.payload, r.frame.payload_length) for r in frames_of(records)] == [
        (b"abc", 3),
        (b"defg", 6),
    ]
    (message,) = messages_of(records)
    assert (message.content, message.content_length) == (b"abcd", 9)


def test_a_compressed_message_larger_than_what_is_kept_keeps_the_context() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, DEFLATE, max_payload=10)
    deflater = Deflater()
    content = bytes(range(256)) * 8
    records = decoder.feed(make_frame(2, deflater.message(content), rsv1=True).wire, 0.0)
    records += decoder.feed(make_frame(2, deflater.message(content[:9]), rsv1=True).wire, 0.0)
    first, second = messages_of(records)
    assert (first.content, first.content_length) == (content[:10], len(content))
    assert second.content == content[:9]
    assert len(frames_of(records)[0].frame.payload) == 10


def test_close_is_remembered() -> None:
    decoder = StreamDecoder(1, Direction.UPSTREAM)
    decoder.feed(make_frame(8, encode_close(4001, "bye"), masking_key=KEY).wire, 7.0)
    assert decoder.close == (7.0, 4001, "bye", None)


def test_eof_records_what_was_cut_off() -> None:
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    data = make_frame(1, b"Hello").wire
    assert decoder.collect(data[:4]) == data[:4]
    assert decoder.feed(data[:4], 0.0) == []
    (record,) = frames_of(decoder.eof(1.0))
    assert record.frame.wire == data[:4]
    assert [v.rule for v in record.violations] == ["frame-cut-off"]
    assert decoder.at_frame_boundary


def test_pieces_of_a_large_message_are_joined() -> None:
    decoder = StreamDecoder(1, Direction.UPSTREAM)
    data = make_frame(1, b"x" * 70000, masking_key=KEY).wire
    assert decoder.collect(data[:30000]) is None
    assert not decoder.at_frame_boundary
    assert decoder.collect(data[30000:60000]) is None
    assert decoder.collect(data[60000:]) == data
    assert decoder.whole_message(data) == 1


ANY_FRAME = st.builds(
    lambda first, payload, masked: Frame(
        first & 15, *_header(first, len(payload), masked), payload, len(payload), len(payload)
    ),
    st.integers(0, 255),
    st.binary(max_size=200) | st.integers(65530, 65540).map(lambda size: b"x" * size),
    st.booleans(),
)


def _header(first: int, length: int, masked: bool) -> tuple[bytes]:
    from wsproxy.protocol.frames import encode_header

    return (encode_header(first, length, KEY if masked else None),)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ANY_FRAME, max_size=6),
    st.lists(st.integers(1, 40000), min_size=1, max_size=5),
    st.integers(0, 8),
    st.sampled_from([NegotiatedExtensions(), DEFLATE, NegotiatedExtensions(None, ("x",))]),
)
def test_what_the_journal_records_reproduces_the_wire(
    frames: list[Frame], sizes: list[int], cut: int, negotiated: NegotiatedExtensions
) -> None:
    data = b"".join(frame.wire for frame in frames)
    data = data[: len(data) - cut] if cut < len(data) else data
    decoder = StreamDecoder(1, Direction.DOWNSTREAM, negotiated)
    journal = Journal()
    pos = turn = 0
    while pos < len(data):
        size = sizes[turn % len(sizes)]
        journal.chunks.append((decoder, float(turn), data[pos : pos + size]))
        pos += size
        turn += 1
    journal.drain()
    journal.add(decoder.eof(99.0))
    drained = journal.take()
    recorded = drained.block.frames() if drained else []
    assert b"".join(record.frame.wire for _, record in recorded) == data
