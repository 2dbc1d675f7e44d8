"""Untrusted payloads as one safe line."""

from __future__ import annotations

import pytest

from wsproxy.model.records import ConnectionRecord, Direction, End, FrameRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.render.pretty import connection_lines, frame_line
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


def test_emoji_with_joiners_stay_whole() -> None:
    for emoji in ("👩‍👩‍👧", "🏳️‍🌈", "👩🏽‍🚀"):
        assert printable(f"a\n{emoji}") == f"a\\n{emoji}"


def test_a_joiner_that_joins_no_emoji_is_shown() -> None:
    assert printable("pay\u200dpal \u200d") == "pay\\u200dpal \\u200d"


HOSTILE = "\x1b[2J\r\n\u202egpj.exe\u2066\x9b\x07\x7f"


def test_everything_that_a_peer_controls_is_one_safe_line() -> None:
    record = ConnectionRecord(
        1, 999.0, "10.0.0.5:1", "ws://s", f"/{HOSTILE}", [("X", HOSTILE)], status=101
    )
    record.reason = record.subprotocol = record.extensions = HOSTILE
    record.end = End("closed", "client", 1000, HOSTILE)
    record.closed = 1000.0
    lines = connection_lines(record)
    record.end = End("refused", "server", 403, HOSTILE)
    for line in [*lines, *connection_lines(record)]:
        assert line.isprintable()
    for opcode in (1, 2, 8, 9, 10):
        frame = make_frame(opcode, b"\x03\xe8" * (opcode == 8) + HOSTILE.encode())
        assert frame_line(FrameRecord(1, Direction.UPSTREAM, 999.0, frame, 1, ())).isprintable()
