"""permessage-deflate: the examples of RFC 7692, and what a hostile sender may try."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsproxy.errors import DeflateError
from wsproxy.protocol.deflate import INFLATE_LIMIT, DeflateParameters, Deflater, Inflater


def inflate(inflater: Inflater, data: bytes, keep: int | None = None) -> bytes:
    return inflater.feed(data, keep).data + inflater.finish(keep).data


# RFC 7692, sections 7.2.3.1 to 7.2.3.5.
EXAMPLES = [
    "f2 48 cd c9 c9 07 00",
    "00 05 00 fa ff 48 65 6c 6c 6f 00",
    "f3 48 cd c9 c9 07 00 00",
    "f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
]


@pytest.mark.parametrize("payload", EXAMPLES)
def test_the_examples_of_the_rfc(payload: str) -> None:
    assert inflate(Inflater(), bytes.fromhex(payload)) == b"Hello"


def test_context_takeover() -> None:
    inflater = Inflater()
    assert inflate(inflater, bytes.fromhex("f248cdc9c90700")) == b"Hello"
    assert inflate(inflater, bytes.fromhex("f200110000")) == b"Hello"


def test_without_context_takeover_each_message_starts_afresh() -> None:
    inflater = Inflater(no_context_takeover=True)
    assert inflate(inflater, bytes.fromhex("f248cdc9c90700")) == b"Hello"
    with pytest.raises(DeflateError, match="invalid compressed data"):
        inflater.feed(bytes.fromhex("f200110000"))
    with pytest.raises(DeflateError, match="invalid compressed data"):
        inflater.finish()
    assert inflate(inflater, bytes.fromhex("f248cdc9c90700")) == b"Hello"


@given(
    st.lists(st.binary(max_size=300), max_size=6),
    st.integers(9, 15),
    st.booleans(),
    st.integers(1, 50),
)
def test_deflater_and_inflater_agree(
    contents: list[bytes], bits: int, no_context: bool, size: int
) -> None:
    deflater = Deflater(bits, no_context_takeover=no_context)
    inflater = Inflater(bits, no_context_takeover=no_context)
    at_once = Inflater(bits, no_context_takeover=no_context)
    for content in contents:
        payload = deflater.message(content)
        assert at_once.whole(payload) == (content, len(content))
        pieces = [payload[i : i + size] for i in range(0, len(payload), size)]
        got = b"".join(inflater.feed(piece).data for piece in pieces)
        assert got + inflater.finish().data == content


def test_keep_bounds_what_is_kept_and_not_what_is_counted() -> None:
    payload = Deflater().message(b"x" * 200_000)
    inflated = Inflater().feed(payload, keep=10)
    assert (inflated.data, inflated.length) == (b"x" * 10, 200_000)
    assert Inflater().whole(payload, keep=10) == (b"x" * 10, 200_000)


def test_a_bomb_is_left_alone() -> None:
    bomb = Deflater().message(bytes(1_000_000))
    inflater = Inflater()
    with pytest.raises(DeflateError, match="more than 50000 bytes"):
        inflater.feed(bomb, limit=50_000)
    with pytest.raises(DeflateError, match="more than 50000"):
        inflater.feed(b"\x00", limit=50_000)


@pytest.mark.parametrize("way", [Inflater.feed, Inflater.whole])
def test_no_message_grows_without_end(way: Callable[[Inflater, bytes, int], object]) -> None:
    bomb = zlib.compress(bytes(INFLATE_LIMIT + 1), 1, wbits=-15)
    with pytest.raises(DeflateError, match=f"more than {INFLATE_LIMIT} bytes"):
        way(Inflater(), bomb, 0)


def test_a_bomb_in_many_frames_is_a_bomb() -> None:
    payload = Deflater().message(bytes(200_000))
    inflater = Inflater()
    half = len(payload) // 2
    inflater.feed(payload[: half - 10], limit=100_000)
    with pytest.raises(DeflateError, match="more than"):
        inflater.feed(payload[half - 10 :], limit=100_000)


def test_invalid_data() -> None:
    with pytest.raises(DeflateError, match="invalid compressed data"):
        inflate(Inflater(), b"\xff\xff\xff")


def test_a_window_of_8_bits_can_be_read_and_is_not_written() -> None:
    # zlib cannot write such windows; a stored block is valid in any.
    assert inflate(Inflater(8), bytes.fromhex("000500faff48656c6c6f00")) == b"Hello"
    assert not Deflater(8).possible
    assert Deflater(9).possible


def test_a_smaller_window_is_kept_to() -> None:
    content = b"0123456789abcdef" * 40
    payload = Deflater(9).message(content + bytes(range(256)) * 3 + content)
    plain = zlib.decompressobj(-9)
    assert plain.decompress(payload + b"\x00\x00\xff\xff").endswith(content)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], DeflateParameters()),
        (["server_no_context_takeover"], DeflateParameters(server_no_context_takeover=True)),
        (["client_max_window_bits=10"], DeflateParameters(client_max_window_bits=10)),
        (['server_max_window_bits="9"'], DeflateParameters(server_max_window_bits=9)),
    ],
)
def test_parameters(parameters: list[str], expected: DeflateParameters) -> None:
    assert DeflateParameters.parse(parameters) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        ["unknown"],
        ["server_max_window_bits=7"],
        ["client_max_window_bits=16"],
        ["x y"],
        ["server_no_context_takeover", "server_no_context_takeover"],
    ],
)
def test_senseless_parameters(parameters: list[str]) -> None:
    with pytest.raises(DeflateError):
        DeflateParameters.parse(parameters)
