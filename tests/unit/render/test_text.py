"""Payloads of strangers as one safe line."""

from __future__ import annotations

import pytest

from wsproxy.render.text import preview, printable


@pytest.mark.parametrize(
    ("opcode", "payload", "shown"),
    [
        (1, b'{"op":"x"}', '{"op":"x"}'),
        (1, "Grüße €".encode(), "Grüße €"),
        (1, b"a\nb\x1b[31mred", "a\\nb\\x1b[31mred"),
        (1, "\u202eright".encode(), "\\u202eright"),
        (1, b"bad \xff", "bad \\xff"),
        (1, b"", ""),
        (2, b"\x00\xff", "<00ff>"),
        (2, b"", ""),
        (2, bytes(40), "<" + "00" * 30 + "…>"),
        (1, b"x" * 121, "x" * 120 + "…"),
        (1, b"x" * 120, "x" * 120),
    ],
)
def test_preview(opcode: int, payload: bytes, shown: str) -> None:
    assert preview(opcode, payload) == shown


def test_a_cut_payload_says_so() -> None:
    assert preview(1, b"abc", length=5) == "abc…"
    assert preview(2, b"\x01", length=5) == "<01…>"


def test_printable_leaves_plain_text_alone() -> None:
    assert printable("naïve 日本") == "naïve 日本"
