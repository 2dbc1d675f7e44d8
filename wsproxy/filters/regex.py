"""Regular expressions in linear time: whatever somebody asks for, no payload can stall the proxy.

RE2 (https://github.com/google/re2/wiki/Syntax) in place of `re`, which takes exponential time for
`(a+)+$`. What RE2 cannot do in linear time (look-around, back references) is refused.
"""

from __future__ import annotations

import re
from typing import Any

import re2

MAX_LENGTH = 1000
"""Characters of a regular expression."""

_UNSUPPORTED = (
    (("(?=", "(?!", "(?<=", "(?<!"), "look-ahead and look-behind"),
    (("(?>", "++", "*+", "?+", "}+"), "possessive and atomic groups"),
    (("(?P=", "(?("), "back references"),
    (tuple(f"\\{digit}" for digit in range(1, 10)), "back references"),
)
"""What RE2 refuses, by how it is written; the first that RE2's error names is said."""


_leading_edge = re.compile(r"^(\^|\\A|\\b)")
_trailing_edge = re.compile(r"((?:^|[^\\])(?:\\\\)*)(?:\$|\\z|\\b)$", re.DOTALL)


class RegexError(ValueError):
    """A regular expression that cannot be used; says why."""


class Regex:
    r"""A regular expression, to be found anywhere in text (as UTF-8) or bytes.

    With an escape from `\x80` to `\xff` in it, it looks for bytes; otherwise for characters.
    """

    def __init__(self, source: str, *, ignore_case: bool = True) -> None:
        """Raises RegexError."""
        if len(source) > MAX_LENGTH:
            raise RegexError(
                f"a regular expression has at most {MAX_LENGTH} characters, this has {len(source)}"
            )
        self.source = source
        self._ignore_case = ignore_case
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        if _of_bytes(source):
            options.encoding = re2.Options.Encoding.LATIN1
        try:
            self.compiled: Any = re2.compile(source.encode("utf-8", "surrogateescape"), options)
        except re2.error as error:
            raise RegexError(_why(source, error)) from None

    @property
    def depends_on_edges(self) -> bool:
        """Whether it asks where the text begins or ends, or may; then no neighbours may be seen."""
        plain = self.source.replace("\\\\", "").replace("[^", "")
        return any(mark in plain for mark in ("^", "$", "\\b", "\\B", "\\A", "\\z"))

    @property
    def without_edges(self) -> Regex | None:
        """One that finds all that this does, and more, and asks for no edges; None without any.

        Only `^`, `$` and the like at the very beginning and end are left off.
        """
        if any(mark in self.source for mark in ("|", "(?")):  # an edge of one part is none of all
            return None
        body = _trailing_edge.sub(r"\1", _leading_edge.sub("", self.source))
        try:
            found = Regex(body, ignore_case=self._ignore_case)
        except RegexError:
            return None
        return None if found.depends_on_edges or found.found_in(b"") else found

    def found_in(self, data: bytes | memoryview | str) -> bool:
        """Whether it matches somewhere."""
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        return self.compiled.search(data) is not None


def _of_bytes(source: str) -> bool:
    at = source.find("\\x")
    while at >= 0:
        if (
            source[at + 2 : at + 3].lower() in tuple("89abcdef")
            and source[at + 3 : at + 4].isalnum()
        ):
            return True
        at = source.find("\\x", at + 2)
    return False


def _why(source: str, error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if text.startswith(
        ("invalid perl operator", "bad repetition", "invalid escape", "invalid named")
    ):
        for marks, what in _UNSUPPORTED:
            if any(mark in source for mark in marks):
                return (
                    f"{source!r} uses {what}, which are not supported:"
                    " what is matched here is matched in linear time (RE2)"
                )
    if text.endswith("\\Z"):
        return f"{source!r}: the end of the text is written \\z"
    return f"{_short(source)} is not a regular expression: {text[:100]}"


def _short(source: str) -> str:
    return repr(source if len(source) <= 60 else f"{source[:57]}...")
