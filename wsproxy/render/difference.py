"""Two payloads beside each other: the place where they differ, marked."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from wsproxy.render.text import printable

EXCERPT = 60
"""Characters that are shown of each."""

AROUND = 16
"""Of these, how many may stand before the difference, and after it."""

COMPARED = 64 * 1024
"""Bytes from the beginning, and from the end, that are compared; what lies further in counts as
different."""

HOLE = "…"

_Decoder = codecs.getincrementaldecoder("utf-8")


def excerpts(before: bytes, after: bytes) -> tuple[str, str]:
    """Both as one safe line each, cut to where they differ, the difference in `[` and `]`.

    Text as text, anything else as `<hex>`. An empty one stays empty.
    """
    texts = _text(before), _text(after)
    if texts[0] is not None and texts[1] is not None:
        return _around(texts[0], texts[1], "", "")
    return _around(_hex(before), _hex(after), "<", ">")


def _around(one: Sequence[str], other: Sequence[str], first: str, last: str) -> tuple[str, str]:
    """`one` and `other`: characters of text, or bytes as two digits each."""
    most = min(len(one), len(other), COMPARED)
    start = next((at for at in range(most) if one[at] != other[at]), most)
    most = min(len(one) - start, len(other) - start, COMPARED)
    tail = next((at for at in range(most) if one[-1 - at] != other[-1 - at]), most)
    if start == len(one) == len(other):
        start = tail = 0  # the same: nothing to mark
    return (
        _excerpt(one, start, len(one) - tail, first, last),
        _excerpt(other, start, len(other) - tail, first, last),
    )


def _excerpt(units: Sequence[str], start: int, stop: int, first: str, last: str) -> str:
    if not units:
        return ""
    width = len(units[0]) or 1
    around, room = AROUND // width, EXCERPT // width
    # All of it fits: then all of it is shown.
    left = 0 if len(units) <= room else max(start - around, 0)
    middle = min(stop, left + room)
    right = min(max(middle + around, left + room), len(units), left + room + around)
    differing = printable("".join(units[start:middle])) + (HOLE if middle < stop else "")
    unmarked = start == 0 and stop == len(units)
    shown = differing if unmarked else f"[{differing}]"
    if middle < stop:
        right = middle
    text = printable("".join(units[left:start])) + shown + printable("".join(units[middle:right]))
    more = right < len(units) and middle >= stop
    return f"{first}{HOLE if left else ''}{text}{HOLE if more else ''}{last}"


def _text(data: bytes) -> str | None:
    """Characters, where these bytes are text; a record may have cut the last character off."""
    try:
        return _Decoder().decode(data)
    except UnicodeDecodeError:
        return None


def _hex(data: bytes) -> list[str]:
    return [f"{byte:02x}" for byte in data]
