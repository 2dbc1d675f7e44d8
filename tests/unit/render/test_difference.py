"""What a fault found and what it made of it, where they differ."""

from __future__ import annotations

import pytest

from wsproxy.render.difference import EXCERPT, excerpts

LONG = "a" * 100


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (b"hello", b"", ("hello", "")),
        (b"", b"hello", ("", "hello")),
        (b"hello", b"goodbye", ("hello", "goodbye")),
        (b"price=10", b"price=999", ("price=[10]", "price=[999]")),
        ("Käse".encode(), b"Kuse", ("K[ä]se", "K[u]se")),
        ("Käse".encode()[:2], b"K", ("K", "K")),
        (b"same", b"same", ("same", "same")),
        (b"abc", b"ab", ("ab[c]", "ab[]")),
        (b"\xff\x00\x01", b"\xff\x00\x02", ("<ff00[01]>", "<ff00[02]>")),
        (b"a\nb", b"a\nc", ("a\\n[b]", "a\\n[c]")),
    ],
)
def test_short_ones(before: bytes, after: bytes, shown: tuple[str, str]) -> None:
    assert excerpts(before, after) == shown


def test_long_ones_are_centred_on_the_difference() -> None:
    before, after = (f"{LONG}{x}{LONG}" for x in ("1", "234"))
    shown = excerpts(before.encode(), after.encode())
    assert shown[0].startswith(f"…{'a' * 16}[1]{'a' * 10}")
    assert shown[1].startswith(f"…{'a' * 16}[234]{'a' * 10}")
    assert all(text.endswith("a…") and len(text) <= EXCERPT + 4 for text in shown)


def test_a_long_difference_is_cut() -> None:
    before, after = excerpts(b"x=" + b"1" * 10**6, b"x=" + b"2" * 10**6)
    assert before == f"x=[{'1' * (EXCERPT - 2)}…]"
    assert len(after) < 80


def test_long_binary() -> None:
    before, _ = excerpts(bytes(500) + b"\xff" + bytes(500), bytes(500) + b"\xfe" + bytes(500))
    assert before.startswith(f"<…{'00' * 8}[ff]00")
    assert before.endswith("00…>")
