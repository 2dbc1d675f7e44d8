"""How a block lies in a wire file."""

import pytest

from wsproxy.model.blocks import Block
from wsproxy.model.builder import BlockBuilder
from wsproxy.store.layout import SPARSE, body_checksum, decode_head, encode


def block_of(payload: bytes, count: int) -> Block:
    builder = BlockBuilder()
    for number in range(1, count + 1):
        builder.add_frame(2, 1.0, number, b"\x82\x00", (payload,), len(payload))
    return builder.build()


@pytest.mark.parametrize("size", [SPARSE - 1, SPARSE, SPARSE * 3 + 17])
@pytest.mark.parametrize("cut", [1, 7, 61, 4096])
def test_a_checksum_is_the_same_however_the_body_is_cut(size: int, cut: int) -> None:
    body = bytes(place * 31 & 255 for place in range(size))
    pieces = [body[start : start + cut] for start in range(0, size, cut)]
    assert body_checksum(pieces, size) == body_checksum([body], size)
    changed = bytes([*body[:-512], *bytes(byte ^ 255 for byte in body[-512:])])
    assert body_checksum([changed], size) != body_checksum([body], size)


@pytest.mark.parametrize(("payload", "joined"), [(b"x" * 128, True), (b"x" * 4096, False)])
def test_small_pieces_are_joined_and_larger_ones_are_not_copied(
    payload: bytes, joined: bool
) -> None:
    block = block_of(payload, 100)
    sizes, pieces = encode(1, block, [])
    assert b"".join(pieces)[sizes.head :] == b"".join(block.pieces)
    assert any(piece is payload for piece in pieces) is not joined
    assert len(pieces) < 10 or not joined


def test_a_block_is_read_as_it_was_written() -> None:
    block = block_of(b"hello", 300)
    sizes, pieces = encode(7, block, [b"extra"])
    written = b"".join(pieces)
    head = decode_head(written)
    assert head.first_id == 7
    assert head.sizes == sizes
    assert head.columns == block.columns
    assert head.checksum == body_checksum([written[sizes.head :]], sizes.body)
    assert len(written) == sizes.length
