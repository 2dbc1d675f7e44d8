"""The one filter language: of `show`, faults, breakpoints and the page.

It is mitmproxy's where mitmproxy has a word for a thing (https://docs.mitmproxy.org/stable/
concepts/filters/), and has more words for frames. docs/filters.md lists them; `WORDS` is the
same list for programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from wsproxy.filters.subject import Subject
from wsproxy.protocol.frames import Opcode, opcode_name

Predicate = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: call `matches`, or let it `explain` itself."""

    source: str
    matches: Predicate
    explanation: str

    def explain(self) -> str:
        """What it lets through, in plain English."""
        return self.explanation


class FilterError(ValueError):
    """A filter that cannot be read; says where and what would be right."""


def _flag(test: Predicate, words: str) -> tuple[Predicate, str]:
    return test, words


FLAGS: dict[str, tuple[Predicate, str]] = {
    "all": _flag(lambda s: True, "anything"),
    "websocket": _flag(lambda s: True, "anything of a WebSocket"),
    "up": _flag(lambda s: s.upstream, "sent by the client"),
    "down": _flag(lambda s: not s.upstream, "sent by the server"),
    "text": _flag(lambda s: s.opcode == Opcode.TEXT, "a text message"),
    "binary": _flag(lambda s: s.opcode == Opcode.BINARY, "a binary message"),
    "cont": _flag(lambda s: s.opcode == Opcode.CONTINUATION, "a continuation frame"),
    "close": _flag(lambda s: s.opcode == Opcode.CLOSE, "a Close frame"),
    "ping": _flag(lambda s: s.opcode == Opcode.PING, "a ping"),
    "pong": _flag(lambda s: s.opcode == Opcode.PONG, "a pong"),
    "control": _flag(lambda s: s.opcode >= 8, "a control frame"),
    "data": _flag(lambda s: s.opcode < 8, "no control frame"),
    "fin": _flag(lambda s: s.fin, "the last frame of a message"),
    "compressed": _flag(lambda s: s.compressed, "compressed"),
    "changed": _flag(lambda s: s.verdict == "changed", "changed on the way"),
    "dropped": _flag(lambda s: s.verdict == "dropped", "dropped on the way"),
    "injected": _flag(lambda s: s.verdict == "injected", "injected"),
    "violation": _flag(lambda s: bool(s.rules), "in breach of the protocol"),
}
"""Words that stand alone."""

_Text = Callable[[Subject], list[str] | bytes]


def _lines(headers: list[tuple[str, str]]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers]


REGEXES: dict[str, tuple[_Text, str]] = {
    "b": (lambda s: s.payload, "the payload"),
    "bq": (lambda s: s.payload if s.upstream else [], "the payload of what the client sends"),
    "bs": (lambda s: [] if s.upstream else s.payload, "the payload of what the server sends"),
    "u": (lambda s: [s.url], "the path and query"),
    "h": (lambda s: _lines(s.request_headers + s.response_headers), "a header"),
    "hq": (lambda s: _lines(s.request_headers), "a request header"),
    "hs": (lambda s: _lines(s.response_headers), "a response header"),
    "src": (lambda s: [s.client], "the client's address"),
    "dst": (lambda s: [s.server], "the upstream's URL"),
    "rule": (lambda s: list(s.rules), "the name of a violation"),
}
"""Words that take a regular expression (case-insensitive, found anywhere)."""

NUMBERS: dict[str, tuple[Callable[[Subject], int | None], str]] = {
    "conn": (lambda s: s.connection_id, "the connection's number"),
    "size": (lambda s: s.length, "the length on the wire"),
    "opcode": (lambda s: s.opcode, "the opcode"),
    "c": (lambda s: s.status, "the handshake's status"),
    "code": (lambda s: s.close_code, "the close code"),
}
"""Words that take a number, with =, !=, <, <=, > or >= before it or nothing."""

WORDS = {
    **{f"~{word}": words for word, (_, words) in FLAGS.items()},
    **{f"~{word} REGEX": words for word, (_, words) in REGEXES.items()},
    **{f"~{word} NUMBER": words for word, (_, words) in NUMBERS.items()},
    "~json PATH[=VALUE]": "a JSONPath finds something in the payload, or finds VALUE",
}

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

    if not source.strip():
        return Filter(source, lambda _: True, "anything")
    try:
        tree = _parser().parse(source)
    except UnexpectedInput as error:
        raise FilterError(_where(source, error)) from None
    test, words = _build(tree)
    return Filter(source, test, words)


def _where(source: str, error: Any) -> str:
    before = getattr(error, "token_history", None)
    if before and before[-1].type == "WORD":
        return f"{before[-1]} in the filter {source!r} lacks its value"
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return f"the filter {source!r} ends too early"
    position = error.pos_in_stream
    rest = source[position:].split(maxsplit=1)[0]
    if rest[1:] in (*REGEXES, *NUMBERS, "json"):
        return f"{rest} in the filter {source!r} lacks its value"
    if rest.startswith("~"):
        return unknown_word(rest)
    return f"unexpected {rest!r} at character {position + 1} of the filter {source!r}"


def unknown_word(word: str) -> str:
    """The message for a word that does not exist, with the nearest one that does."""
    from difflib import get_close_matches

    known = [f"~{name}" for name in (*FLAGS, *REGEXES, *NUMBERS, "json")]
    near = get_close_matches(word, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    return f"there is no filter word {word}{hint}"


def _build(tree: Any) -> tuple[Predicate, str]:
    if tree.data == "flag":
        return FLAGS[str(tree.children[0])[1:]]
    if tree.data == "bare":
        return _word("b", _value(tree.children[0]))
    if tree.data == "word":
        return _word(str(tree.children[0])[1:], _value(tree.children[1]))
    parts = [_build(child) for child in tree.children]
    tests = [test for test, _ in parts]
    if tree.data == "negation":
        inner = tests[0]
        return lambda s: not inner(s), f"not ({parts[0][1]})"
    joined = f" {tree.data} ".join(f"({words})" if " or " in words else words for _, words in parts)
    if tree.data == "and":
        return lambda s: all(test(s) for test in tests), joined
    return lambda s: any(test(s) for test in tests), joined


def _value(tree: Any) -> str:
    token = str(tree.children[0])
    if token[0] in "\"'":
        return re.sub(r"\\([\"'\\])", r"\1", token[1:-1])
    return token


def _word(name: str, value: str) -> tuple[Predicate, str]:
    if name in REGEXES:
        return _regex(name, value)
    if name in NUMBERS:
        return _number(name, value)
    if name == "json":
        return _json(value)
    raise FilterError(unknown_word(f"~{name}"))


def _regex(name: str, value: str) -> tuple[Predicate, str]:
    texts, words = REGEXES[name]
    try:
        pattern = re.compile(value, re.IGNORECASE)
        pattern_bytes = re.compile(value.encode(), re.IGNORECASE)
    except re.error as error:
        raise FilterError(f"{value!r} is not a regular expression: {error}") from None

    def test(subject: Subject) -> bool:
        found = texts(subject)
        if isinstance(found, bytes):
            return pattern_bytes.search(found) is not None
        return any(pattern.search(text) for text in found)

    return test, f"{words} matches {value!r}"


_COMPARISONS: dict[str, tuple[Callable[[int, int], bool], str]] = {
    "<=": (lambda a, b: a <= b, "is at most"),
    ">=": (lambda a, b: a >= b, "is at least"),
    "!=": (lambda a, b: a != b, "is not"),
    "<": (lambda a, b: a < b, "is less than"),
    ">": (lambda a, b: a > b, "is more than"),
    "=": (lambda a, b: a == b, "is"),
}


def _number(name: str, value: str) -> tuple[Predicate, str]:
    get, words = NUMBERS[name]
    sign = next((sign for sign in _COMPARISONS if value.startswith(sign)), "")
    compare, verb = _COMPARISONS[sign or "="]
    try:
        wanted = int(value.removeprefix(sign), 0)
    except ValueError:
        raise FilterError(
            f"~{name} takes a number, for instance `~{name} >=10`, not {value!r}"
        ) from None

    def test(subject: Subject) -> bool:
        number = get(subject)
        return number is not None and compare(number, wanted)

    return test, f"{words} {verb} {opcode_name(wanted) if name == 'opcode' else wanted}"


def _json(value: str) -> tuple[Predicate, str]:
    import jsonpath

    path, sign, wanted = value.partition("=")
    try:
        compiled = jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        raise FilterError(f"{path!r} is not a JSONPath: {error}") from None

    def test(subject: Subject) -> bool:
        try:
            found = compiled.findall(json.loads(subject.payload))
        except (ValueError, RecursionError):
            return False
        if not sign:
            return bool(found)
        return any(wanted in (item, json.dumps(item)) for item in found)

    return test, f"{path} in the JSON payload" + (f" is {wanted}" if sign else " exists")
