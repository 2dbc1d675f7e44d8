"""Close codes and payloads, both ways."""

from __future__ import annotations

import pytest

from wsproxy.protocol.close import close_code_name, encode_close, may_be_sent, parse_close


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"", None, ""),
        (b"\x03\xe8", 1000, ""),
        (b"\x03\xe9bye", 1001, "bye"),
        (b"\x0f\xa1\xc3\xa9", 4001, "é"),
    ],
)
def test_payload_to_code_and_reason_and_back(payload: bytes, code: int | None, reason: str) -> None:
    assert parse_close(payload) == (code, reason)
    assert encode_close(code, reason) == payload


def test_what_is_no_close_payload_is_read_all_the_same() -> None:
    assert parse_close(b"\x03") == (None, "")
    assert parse_close(b"\x03\xe8\xff") == (1000, "\\xff")


@pytest.mark.parametrize(
    ("code", "allowed", "name"),
    [
        (999, False, "unknown"),
        (1000, True, "normal"),
        (1004, False, "unknown"),
        (1005, False, "no status"),
        (1006, False, "abnormal"),
        (1011, True, "internal error"),
        (1014, True, "bad gateway"),
        (1015, False, "tls handshake"),
        (1016, False, "unknown"),
        (2999, False, "unknown"),
        (3000, True, "library"),
        (4999, True, "application"),
        (5000, False, "unknown"),
    ],
)
def test_which_codes_may_travel(code: int, allowed: bool, name: str) -> None:
    assert may_be_sent(code) is allowed
    assert close_code_name(code) == name
