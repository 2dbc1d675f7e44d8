"""Masking (RFC 6455, section 5.3): by the C routine, and by the fallback where that is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsproxy.protocol.masking import apply_mask, apply_mask_plain

BOTH = pytest.mark.parametrize("mask", [apply_mask, apply_mask_plain])
Mask = Callable[[bytes, bytes], bytes]


@BOTH
def test_the_example_of_the_rfc(mask: Mask) -> None:
    assert mask(b"Hello", bytes.fromhex("37fa213d")) == bytes.fromhex("7f9f4d5158")


@BOTH
@given(data=st.binary(max_size=70), key=st.binary(min_size=4, max_size=4))
def test_every_byte_is_xored_with_its_byte_of_the_key(mask: Mask, data: bytes, key: bytes) -> None:
    assert mask(data, key) == bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


def test_without_the_c_routine_the_fallback_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    spec = find_spec("wsproxy.protocol.masking")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.apply_mask is module.apply_mask_plain
