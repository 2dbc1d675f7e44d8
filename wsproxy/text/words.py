"""Words that people mistype."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], *, listed: bool = True) -> str:
    """`; did you mean X?` with the nearest known word, or if `listed` `; there are X, Y, ...`."""
    known = list(known)
    near = get_close_matches(word.lower(), known, n=1) or [
        name for name in known if len(word) > 2 and name.startswith(word.lower())
    ]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if listed else ""
