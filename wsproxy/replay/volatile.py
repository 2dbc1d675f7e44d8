"""Values that differ from run to run and mean nothing: guessed, and set by JSONPath."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_NAMES = re.compile(
    r"(^|_|-)(id|ids|uuid|guid|sid|token|nonce|ref|seq|cursor|etag|jwt|csrf|signature|session|trace"
    r"|span|time|timestamp|ts|date|expires|iat|exp|at|key|salt|hash)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(
    r"[a-z](Id|Ids|Uuid|Token|Nonce|Ref|Seq|Time|Timestamp|Date|At|Key|Hash|Session)$"
)
_SHAPES = re.compile(
    r"""
    [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}   # UUID
    | \d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?  # ISO 8601
    | ey[\w-]{8,}\.[\w-]{8,}\.[\w-]*                                # JWT
    | [0-9a-f]{16,}                                                 # digests, object ids
    """,
    re.VERBOSE | re.IGNORECASE,
)
_EPOCH = range(1_000_000_000, 4_000_000_000)


def is_volatile(name: str, before: Any, after: Any) -> bool:
    """Whether a change of a member looks like one that says nothing.

    Both values have to look alike: an id that became null is a change.
    """
    if type(before) is not type(after) and not (_is_number(before) and _is_number(after)):
        return False
    if isinstance(before, str):
        if _SHAPES.fullmatch(before) and _SHAPES.fullmatch(after):
            return True
    elif _is_number(before):
        if _is_moment(before) and _is_moment(after):
            return True
    else:
        return False
    return bool(_NAMES.search(name) or _CAMEL.search(name))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_moment(value: float) -> bool:
    """Seconds, milliseconds or microseconds since the epoch, in this age."""
    return any(int(value / unit) in _EPOCH for unit in (1, 1000, 1_000_000))


def pattern_of(path: str) -> re.Pattern[str]:
    """A JSONPath as a pattern of the paths of members: `$.a[*].b`, `$..id`.

    Raises ValueError for a path with filters or slices.
    """
    if not path.startswith("$") or re.search(r"[?():]", path):
        raise ValueError(
            f"{path!r} is not a path; write for instance $.price, $.items[*].at or $..id"
        )
    parts = re.findall(r"\.\.\*|\.\.[\w-]+|\.\*|\.[\w-]+|\[\*\]|\[\d+\]|\['[^']*'\]", path[1:])
    if "".join(parts) != path[1:]:
        raise ValueError(
            f"{path!r} is not a path; write for instance $.price, $.items[*].at or $..id"
        )
    made = r"\$"
    for part in parts:
        if part.startswith(".."):
            made += r"(\..+|\[\d+\])*?" + (r"\.[^.\[]+" if part == "..*" else rf"\.{part[2:]}")
        elif part == ".*":
            made += r"\.[^.\[]+"
        elif part == "[*]":
            made += r"\[\d+\]"
        elif part.startswith("['"):
            made += re.escape("." + part[2:-2])
        else:
            made += re.escape(part)
    return re.compile(made + r"($|[.\[])")


class Ignored:
    """Which differences do not count, and which of those were seen."""

    def __init__(self, paths: Iterable[str] = (), *, guess: bool = True) -> None:
        """Raises ValueError for a path that cannot be read."""
        self._patterns = [pattern_of(path) for path in paths]
        self.guess = guess
        self.seen: dict[str, int] = {}
        """How often a difference was left out, by its path."""

    def given(self, path: str) -> bool:
        """Whether somebody said that a path does not count."""
        return any(pattern.match(path) for pattern in self._patterns)

    def takes(self, path: str, name: str, before: Any, after: Any) -> bool:
        """Whether a difference does not count."""
        if self.given(path) or (self.guess and is_volatile(name, before, after)):
            path = re.sub(r"\[\d+\]", "[*]", path)
            self.seen[path] = self.seen.get(path, 0) + 1
            return True
        return False
