"""Path and query of a request target, whatever it is: `urlsplit` raises for `//[`."""

from __future__ import annotations

from urllib.parse import parse_qs

MOST = 4096
"""Characters that are looked at."""


def path_of(target: str) -> str:
    """What stands before the query, e.g. `/socket`."""
    return target[:MOST].partition("?")[0]


def query_of(target: str) -> dict[str, list[str]]:
    """The values of each key of the query."""
    return parse_qs(target[:MOST].partition("?")[2].partition("#")[0])
