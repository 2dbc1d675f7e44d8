"""What is said of a filter that cannot be read: where, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

BEFORE, AFTER = 16, 24
"""Characters of a filter that are shown around a mistake."""

MARK = "▶"

_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""A filter may have several lines; what is said of it has one."""

_MITMPROXYS = {
    "t": "~text or ~binary",
    "q": "~up",
    "s": "~down",
    "d": "~dst",
    "m": "~hq",
    "ts": "~hs",
}
"""Words of mitmproxy's that mean nothing here, or something else, and what is meant by most."""


class FilterError(ValueError):
    """A filter that cannot be read; says where and what would be right."""


def at(source: str, position: int, message: str) -> FilterError:
    """The error for a mistake at a character (from 0) of a filter, which it points at."""
    start, stop = max(position - BEFORE, 0), min(position + AFTER, len(source))
    before = ("…" if start else "") + source[start:position]
    after = source[position:stop] + ("…" if stop < len(source) else "")
    said = f"{message} (at character {position + 1}: {before}{MARK}{after})"
    return FilterError(_LINE_BREAK.sub(" ", said))


def unknown_word(word: str, known: Sequence[str], value: str = "") -> str:
    """The message for a word that does not exist, with the nearest one that does.

    `value` is what stands behind it: `~t text` is `~text`.
    """
    if f"~{value}" in known:
        return f"there is no filter word {word}; did you mean ~{value}?"
    meant = _MITMPROXYS.get(word[1:])
    near = get_close_matches(word, known, n=1)
    if meant is None and near:
        meant = near[0]
    hint = f"; did you mean {meant}?" if meant else f"; there are {', '.join(known)}"
    return f"there is no filter word {word}{hint}"
