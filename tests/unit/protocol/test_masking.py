"""Masking (RFC 6455, section 5.3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsproxy.protocol.masking import apply_mask


def test_the_example_of_the_rfc() -> None:
    assert apply_mask(b"Hello", bytes.fromhex("37fa213d")) == bytes.fromhex("7f9f4d5158")


@given(st.binary(max_size=70), st.binary(min_size=4, max_size=4))
def test_every_byte_is_xored_with_its_byte_of_the_key(data: bytes, key: bytes) -> None:
    assert apply_mask(data, key) == bytes(byte ^ key[i % 4] for i, byte in enumerate(data))
