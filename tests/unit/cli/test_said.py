"""What lines typed at `wsproxy connect` mean."""

from __future__ import annotations

import re

import pytest

from wsproxy.cli.said import Said, SaidError, parse_said

LINES = {
    "hello": Said("message", ("hello",)),
    "": Said("message", ("",)),
    "//etc": Said("message", ("/etc",)),
    "/ping": Said("ping"),
    "/ping äh": Said("ping", content="äh".encode()),
    "/pong x": Said("pong", content=b"x"),
    "/binary 00 FF10": Said("message", (b"\x00\xff\x10",)),
    "/fragment 3 abcde": Said("message", ("abc", "de"), fragmented=True),
    "/fragment 4 a": Said("message", ("a", "", ""), fragmented=True),
    "/close": Said("close"),
    "/close 4000 bye now": Said("close", code=4000, reason="bye now"),
}


@pytest.mark.parametrize(("line", "said"), LINES.items())
def test_what_a_line_means(line: str, said: Said) -> None:
    assert parse_said(line) == said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/clos", "did you mean close?"),
        ("/xyz", "//xyz sends the text /xyz"),
        ("/binary 0g", "is not hex"),
        ("/fragment", "a number from 2 to 1000"),
        ("/fragment 1001 a", "a number from 2 to 1000"),
        ("/close 1005", "'1005' is not a close code that may be sent"),
        ("/close x", "'x' is not a close code"),
        ("/close 1000 " + "ä" * 62, "more than 123 bytes"),
        ("/ping " + "x" * 126, "126 bytes, and at most 125 fit"),
        ("/help", "/binary HEX"),
    ],
)
def test_what_cannot_be_sent_is_said(line: str, why: str) -> None:
    with pytest.raises(SaidError, match=re.escape(why)):
        parse_said(line)
