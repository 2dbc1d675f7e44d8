"""Regular expressions less what they ask of the edges."""

from __future__ import annotations

import pytest

from wsproxy.filters.regex import Regex


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ("^ab", "ab"),
        ("ab$", "ab"),
        (r"\Aab\z", "ab"),
        (r"\bab\b", "ab"),
        (r"ab\\$", r"ab\\"),  # a backslash, then the edge
        (r"^ab\$", None),  # a dollar sign, which might be an edge
        (r"\\b", r"\\b"),
        ("a^b", None),
        ("^a|b", None),
        ("(?i)^a", None),
        ("^", None),
        ("^a*$", None),
        ("^*a", None),
    ],
)
def test_without_edges(source: str, without: str | None) -> None:
    found = Regex(source).without_edges
    assert (found.source if found is not None else None) == without
