"""Messages put together from frames, in order and out of it."""

from __future__ import annotations

import pytest

from wsproxy.protocol.deflate import Deflater, Inflater
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.messages import MAX_FRAME_LENGTHS, Message, MessageAssembler, fragment_sizes


def assemble(frames: list[Frame], assembler: MessageAssembler | None = None) -> list[Message]:
    assembler = assembler or MessageAssembler()
    return [message for frame in frames if (message := assembler.feed(frame)) is not None]


def test_a_whole_frame_is_a_message() -> None:
    (message,) = assemble([make_frame(1, b"Hello")])
    assert (message.opcode, message.content, message.content_length) == (1, b"Hello", 5)


def test_fragments() -> None:
    frames = [
        make_frame(1, b"Hel", fin=False),
        make_frame(0, b"", fin=False),
        make_frame(0, b"lo"),
        make_frame(2, b"next"),
    ]
    first, second = assemble(frames)
    assert (first.opcode, first.content, first.frame_lengths) == (1, b"Hello", [3, 0, 2])
    assert second.content == b"next"


def test_frames_out_of_order_are_taken_as_well_as_possible() -> None:
    orphan, whole = assemble([make_frame(0, b"orphan"), make_frame(1, b"whole")])
    assert (orphan.opcode, orphan.content) == (0, b"orphan")
    (inner,) = assemble([make_frame(1, b"outer", fin=False), make_frame(2, b"inner")])
    assert (whole.content, inner.content) == (b"whole", b"inner")


def test_text_is_checked_across_fragments() -> None:
    euro = "€".encode()
    (good,) = assemble([make_frame(1, euro[:1], fin=False), make_frame(0, euro[1:])])
    (bad,) = assemble([make_frame(1, euro[:1], fin=False), make_frame(0, b"!")])
    assert (good.invalid_utf8, bad.invalid_utf8) == (False, True)


def test_keep_bounds_the_content() -> None:
    frames = [make_frame(1, "é€".encode(), fin=False), make_frame(0, b"xyz")]
    (message,) = assemble(frames, MessageAssembler(keep=3))
    assert (message.content, message.content_length, message.content_cut) == (
        "é€".encode()[:3],
        8,
        True,
    )
    assert not message.invalid_utf8  # its last character was cut by the proxy


def test_a_message_of_a_million_fragments_stays_small() -> None:
    assembler = MessageAssembler(keep=10)
    assembler.feed(make_frame(2, b"", fin=False))
    for _ in range(5000):
        assembler.feed(make_frame(0, b"x", fin=False))
    message = assembler.feed(make_frame(0, b"x"))
    assert message is not None
    assert (message.content, message.content_length) == (b"x" * 10, 5001)
    assert len(message.frame_lengths) == MAX_FRAME_LENGTHS


def test_compressed_fragments() -> None:
    payload = Deflater().message(b"Hello Hello Hello")
    frames = [make_frame(1, payload[:4], fin=False, rsv1=True), make_frame(0, payload[4:])]
    (message,) = assemble(frames, MessageAssembler(inflater=Inflater()))
    assert message.content == b"Hello Hello Hello"
    assert message.compressed
    assert message.payload_length == len(payload)


def test_what_cannot_be_inflated_is_opaque_and_so_is_what_follows() -> None:
    assembler = MessageAssembler(inflater=Inflater())
    frames = [make_frame(1, b"\xff\xff", rsv1=True), make_frame(1, b"\x00", rsv1=True)]
    messages = assemble([*frames, make_frame(1, b"plain")], assembler)
    assert [message.opaque is not None for message in messages] == [True, True, False]
    assert messages[2].content == b"plain"


@pytest.mark.parametrize(
    ("lengths", "new", "expected"),
    [([3, 2], 5, [3, 2]), ([3, 2], 6, [6]), ([], 4, [4]), ([0], 0, [0])],
)
def test_a_changed_message_keeps_its_fragments_if_its_length_is_the_same(
    lengths: list[int], new: int, expected: list[int]
) -> None:
    assert fragment_sizes(lengths, new) == expected
