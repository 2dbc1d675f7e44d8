"""The one filter language: of `show`, faults, breakpoints and the page.

It is mitmproxy's where mitmproxy has a word for a thing (https://docs.mitmproxy.org/stable/
concepts/filters/), and has more words for frames. docs/filters.md lists them; `WORDS` is the
same list for programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wsproxy.filters.jsonpaths import JsonPath, JsonPathError
from wsproxy.filters.mistakes import FilterError, at, unknown_word
from wsproxy.filters.nodes import (
    COMPARISONS,
    FlagNode,
    JsonNode,
    Node,
    Not,
    NumberNode,
    Some,
    TextNode,
    UnansweredNode,
)
from wsproxy.filters.regex import Regex, RegexError
from wsproxy.filters.words import FLAGS, NUMBERS, REGEXES, WORDS, Predicate
from wsproxy.text.units import parse_duration

__all__ = ["WORDS", "Filter", "FilterError", "Predicate", "parse", "parse_passing"]

MAX_LENGTH = 4000
"""Characters of a filter."""

MAX_NESTING = 50
"""Brackets and `!` within each other."""


_TAKE_VALUES = (*REGEXES, *NUMBERS, "json", "unanswered")
_KNOWN = [f"~{name}" for name in (*FLAGS, *_TAKE_VALUES)]


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: call `matches`, or let it `explain` itself."""

    source: str
    tree: Node
    matches: Predicate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matches", self.tree.test())

    def explain(self) -> str:
        """What it lets through, in plain English."""
        return self.tree.words

    @property
    def names_control(self) -> bool:
        """Whether it asks for control frames by name, as `~ping` does and `! ~ping` does not."""
        return self.tree.names_control(wanted=True)

    @property
    def decodes(self) -> bool:
        """Whether it asks what decoders make of a message (`~kind`, `~say`, `~proto`)."""
        return self.tree.decodes

    @property
    def patience(self) -> tuple[float, ...]:
        """The times of `~unanswered` in it, in seconds.

        If there are any, it can only be answered of what was recorded, not of what passes.
        """
        return self.tree.patience

    @property
    def reads_payloads(self) -> bool:
        """Whether its answer depends on payloads."""
        return self.tree.cost > 0


_GRAMMAR = r"""
?start: or
?or: and ("|" and)*
?and: not ("&"? not)*
?not: "!" not -> negation
    | "(" or ")"
    | FLAG -> flag
    | WORD value -> word
    | value -> bare
value: QUOTED | BARE
FLAG.3: /~(%(flags)s)(?![^\s()|&!])/
WORD.2: /~[a-z]+(?=\s)/
QUOTED: /"(\\.|[^"\\])*"/ | /'(\\.|[^'\\])*'/
BARE: /(!=|[^\s()|&!~"'])[^\s()|&]*/
%%ignore /\s+/
"""


@cache
def _parser() -> Any:
    from lark import Lark

    return Lark(_GRAMMAR % {"flags": "|".join(FLAGS)}, parser="lalr")


def parse(source: str) -> Filter:
    """Read a filter, e.g. `~down & ~b "price" & ! ~ping`.

    Raises FilterError.
    """
    from lark import UnexpectedInput

    if len(source) > MAX_LENGTH:
        raise FilterError(f"a filter has at most {MAX_LENGTH} characters, this has {len(source)}")
    if not source.strip():
        return Filter(source, FlagNode("all"))
    try:
        tree = _parser().parse(source)
    except UnexpectedInput as error:
        raise _unexpected(source, error) from None
    return Filter(source, _Builder(source).build(tree))


def parse_passing(source: str) -> Filter:
    """Read a filter for what is passing now. Raises FilterError, also for what only time tells."""
    found = parse(source)
    if found.patience:
        raise FilterError(
            "~unanswered finds what was recorded (show, the page's list); of what passes now,"
            " nobody knows what will be answered"
        )
    return found


def _unexpected(source: str, error: Any) -> FilterError:
    before = getattr(error, "token_history", None)
    word = before[-1] if before else None  # lark has None for what is before the first one
    if word is not None and word.type == "WORD":
        lacks = word[1:] in _TAKE_VALUES
        message = f"{word} lacks its value" if lacks else unknown_word(str(word), _KNOWN)
        return at(source, word.start_pos, message)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return at(source, len(source), "the filter ends too early")
    position = error.pos_in_stream
    rest = source[position:].split(maxsplit=1)[0]
    if rest[1:] in _TAKE_VALUES:
        return at(source, position, f"{rest} lacks its value")
    if rest.startswith("~"):
        word = re.match(r"~[^\s()|&!~]*", rest)
        return at(source, position, unknown_word(word[0] if word else rest, _KNOWN))
    return at(source, position, f"unexpected {rest!r}")


class _Builder:
    """Makes nodes of what the grammar found."""

    def __init__(self, source: str) -> None:
        self._source = source

    def build(self, tree: Any, depth: int = 0) -> Node:
        """Raises FilterError."""
        if depth > MAX_NESTING:
            raise FilterError(f"brackets and ! may be nested at most {MAX_NESTING} deep")
        if tree.data == "flag":
            return FlagNode(str(tree.children[0])[1:])
        if tree.data in ("bare", "word"):
            value = tree.children[-1].children[0]
            word = tree.children[0] if tree.data == "word" else None
            name = str(word)[1:] if word is not None else "b"
            if name not in _TAKE_VALUES:
                message = unknown_word(f"~{name}", _KNOWN, str(value))
                raise at(self._source, word.start_pos if word else 0, message)
            try:
                return _word(name, _value(value))
            except FilterError as error:
                raise at(self._source, value.start_pos, str(error)) from None
        parts = [self.build(child, depth + 1) for child in tree.children]
        if tree.data == "negation":
            return Not(parts[0])
        return Some(tree.data == "and", parts)


def _value(token: str) -> str:
    token = str(token)
    if token[0] not in "\"'":
        return token
    # A backslash before anything but a quote or itself is the regular expression's.
    unquoted = []
    escaped = False
    for character in token[1:-1]:
        if escaped:
            unquoted.append(character if character in "\\\"'" else f"\\{character}")
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            unquoted.append(character)
    return "".join(unquoted)


def _word(name: str, value: str) -> Node:
    if name in REGEXES:
        try:
            return TextNode(name, Regex(value))
        except RegexError as error:
            raise FilterError(str(error)) from None
    if name in NUMBERS:
        return _number(name, value)
    if name == "json":
        path, sign, wanted = _compared(value)
        try:
            return JsonNode(JsonPath(path), sign, wanted)
        except JsonPathError as error:
            raise FilterError(str(error)) from None
    if name == "unanswered":
        try:
            return UnansweredNode(parse_duration(value))
        except ValueError as error:
            raise FilterError(f"~unanswered: {error}") from None
    raise AssertionError(name)


def _compared(value: str) -> tuple[str, str, str]:
    """A JSONPath, the sign behind it, and what it is compared with; signs in brackets or quotes
    are the path's own.
    """
    depth, quote = 0, ""
    for position, character in enumerate(value):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character in "[(") - (character in "])")
            sign = next((s for s in COMPARISONS if value.startswith(s, position)), None)
            if depth == 0 and sign is not None:
                return value[:position], sign, value[position + len(sign) :]
    return value, "", ""


def _number(name: str, value: str) -> Node:
    sign = next((sign for sign in COMPARISONS if value.startswith(sign)), "")
    try:
        wanted = int(value.removeprefix(sign), 0)
    except ValueError:
        raise FilterError(
            f"~{name} takes a number, for instance `~{name} >=10`, not {value!r}"
        ) from None
    return NumberNode(name, sign or "=", wanted)
