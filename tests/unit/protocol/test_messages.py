"""Messages put together from frames, in order and out of it."""

from __future__ import annotations

import pytest

from wsproxy.protocol.deflate import Deflater, Inflater
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.messages import INFLATE_AT_ONCE, Message, MessageAssembler, fragment_sizes


def assemble(frames: list[Frame], assembler: MessageAssembler | None = None) -> list[Message]:
    assembler = assembler or MessageAssembler()
    messages = []
    for frame in frames:
        if not assembler.in_message or frame.opcode:
            assembler.begin(frame.header[0])
        assembler.frame(frame.payload_length)
        done = assembler.feed(frame.payload, last=frame.fin)
        while not done:
            done = assembler.go_on()
        if frame.fin:
            messages.append(assembler.end())
    return messages


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
    assert (first.opcode, first.content, first.frames) == (1, b"Hello", 3)
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
    frames = [make_frame(2, b"", fin=False), *[make_frame(0, b"x", fin=False)] * 5000]
    (message,) = assemble([*frames, make_frame(0, b"x")], assembler)
    assert (message.content, message.content_length) == (b"x" * 10, 5001)
    assert message.frames == 5002


def test_what_inflates_to_much_is_inflated_in_turns() -> None:
    payload = Deflater().message(bytes(3 * INFLATE_AT_ONCE))
    assembler = MessageAssembler(keep=10, inflater=Inflater())
    assembler.begin(0xC2)
    assembler.frame(len(payload))
    assert not assembler.feed(payload, last=True)
    assert assembler.inflated < 2 * INFLATE_AT_ONCE
    turns = 1
    while not assembler.go_on():
        turns += 1
    message = assembler.end()
    assert (message.content, message.content_length) == (bytes(10), 3 * INFLATE_AT_ONCE)
    assert turns >= 2


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
