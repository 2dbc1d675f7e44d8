"""Formats of single values: by their shape, and as the libraries encode them."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import bson
import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.payloads.talk import JSON_VALUES, UP, Talk
from wsproxy.payloads.values.cbor import load
from wsproxy.payloads.values.msgpack import unpack


@pytest.mark.parametrize(
    ("content", "name", "line"),
    [
        ('{"type":"hi","id":1}', "json", '{type:"hi",id:1}'),
        ('{"a":1}\n{"b":2}', "json-lines", "2 values {a:1} …"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "jwt", 'jwt none {sub:"1"}'),
        ("a=1&b=x%20y&b=z", "form", '{a:"1",b:["x y","z"]}'),
        ("<a x='1'>t</a>", "xml", 'xml <a> [{x:"1"},"t"]'),
        ("\x1b[31mred\x1b[0m", "ansi", "red"),
        ("eyJhIjoxfXt7e3t7e3t7e3s=", "base64", "base64 17 B {…"),
        (msgpack.packb({"a": [1, b"x"]}), "msgpack", "msgpack {a:[1,<1 B>]}"),
        (cbor2.dumps({"a": 1}), "cbor", "cbor {a:1}"),
        (bson.encode({"a": 1}), "bson", "bson {a:1}"),
        (gzip.compress(b'{"a":1}', mtime=0), "gzip", "gzip 7 B {a:1}"),
        (zlib.compress(b"plain text"), "zlib", "zlib 10 B plain text"),
        (b"\x08\x96\x01\x12\x03abc", "protobuf", 'protobuf {"1":150,"2":"abc"}'),
    ],
)
def test_shapes(content: str | bytes, name: str, line: str) -> None:
    (found,) = Talk().feed(UP, content)
    assert found.protocol == name
    if not line.endswith("{…"):
        assert found.summary == line


@pytest.mark.parametrize(
    "content", ["hello", "a longer sentence.", "AbCdEfGhIjKlMnOpQrSt", b"\xff"]
)
def test_what_looks_like_nothing(content: str | bytes) -> None:
    assert Talk().feed(UP, content) == []


VALUES = st.recursive(
    JSON_VALUES | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(-9, 9), inner)
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@given(VALUES)
def test_messagepack_as_the_library_encodes_it(value: Any) -> None:
    assert same(unpack(msgpack.packb(value)), value)


@given(VALUES)
def test_cbor_as_the_library_encodes_it(value: Any) -> None:
    assert load(cbor2.dumps(value)) == value


@given(JSON_VALUES)
def test_json_is_read_whole(value: Any) -> None:
    found = Talk(rules=None).feed(UP, json.dumps([value]))
    assert same(found[0].value, [value])
