"""Ids in payloads."""

from __future__ import annotations

import pytest

from wsproxy.payloads.pairing import pairing_key


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'{"id": 7, "method": "x"}', "id=7"),
        (b'{"jsonrpc": "2.0", "result": 1, "id": "a-1"}', "id=a-1"),
        (b'{"requestId": "r"}', "requestId=r"),
        (b'{"ref": 3, "id": 9}', "id=9"),
        (b'{"data": {"seq": 5}}', "seq=5"),
        (b'{"id": null}', None),
        (b'{"id": true}', None),
        (b'{"id": ""}', None),
        (b'["id", 1]', None),
        (b'{"id": 1', None),
        (b"{" * 100_000, None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
def test_pairing_key(content: bytes, key: str | None) -> None:
    assert pairing_key(content) == key
