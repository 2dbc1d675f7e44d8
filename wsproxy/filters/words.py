"""The words of the filter language: what each asks of one frame, and of many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wsproxy.filters.subject import Subject
from wsproxy.filters.table import Rough, Table, mask_of
from wsproxy.protocol.frames import FIN, OPCODE, RSV1, Opcode

Predicate = Callable[[Subject], bool]
Roughly = Callable[[Table], Rough]

CONTROL = range(8, 16)
"""The opcodes of control frames."""


class Flag(NamedTuple):
    """A word that stands alone."""

    test: Predicate
    words: str
    roughly: Roughly
    control: bool = False
    """Whether it names control frames."""


class Text(NamedTuple):
    """A word that takes a regular expression."""

    texts: Callable[[Subject], list[str] | bytes]
    words: str
    kind: str
    """`content`, `connection`, `frame`, `note` or `decoded`: where the text stands."""


class Number(NamedTuple):
    """A word that takes a number."""

    get: Callable[[Subject], int | None]
    words: str


def _columns(test: Callable[[int], bool], *, joined: bool = True) -> Roughly:
    """Those whose first header byte passes a test; what is `joined` has to be looked at."""
    table_of_bytes = bytes(test(byte) for byte in range(256))

    def roughly(table: Table) -> Rough:
        mask = mask_of(table.firsts.translate(table_of_bytes))
        odd = table.joined if joined else 0
        return Rough(mask | odd, mask & ~odd)

    return roughly


def _opcode(opcode: int, words: str, *, control: bool = False) -> Flag:
    return Flag(
        lambda s: s.opcode == opcode, words, _columns(lambda b: b & OPCODE == opcode), control
    )


def _mark(word: str, words: str) -> Flag:
    return Flag(
        lambda s: word == s.verdict or word in s.marks, words, lambda table: table.marked(word)
    )


def _sure(mask: Callable[[Table], int]) -> Roughly:
    def roughly(table: Table) -> Rough:
        found = mask(table)
        return Rough(found, found)

    return roughly


FLAGS: dict[str, Flag] = {
    "all": Flag(lambda s: True, "anything", _sure(lambda t: t.full)),
    "websocket": Flag(lambda s: True, "anything of a WebSocket", _sure(lambda t: t.full)),
    "up": Flag(lambda s: s.upstream, "sent by the client", _sure(lambda t: t.full ^ t.downstream)),
    "down": Flag(lambda s: not s.upstream, "sent by the server", _sure(lambda t: t.downstream)),
    "text": _opcode(Opcode.TEXT, "a text message"),
    "binary": _opcode(Opcode.BINARY, "a binary message"),
    "cont": _opcode(Opcode.CONTINUATION, "a continuation frame"),
    "close": _opcode(Opcode.CLOSE, "a Close frame", control=True),
    "ping": _opcode(Opcode.PING, "a ping", control=True),
    "pong": _opcode(Opcode.PONG, "a pong", control=True),
    "control": Flag(
        lambda s: s.opcode >= 8, "a control frame", _columns(lambda b: b & OPCODE >= 8), True
    ),
    "data": Flag(lambda s: s.opcode < 8, "no control frame", _columns(lambda b: b & OPCODE < 8)),
    "fin": Flag(lambda s: s.fin, "the last frame of a message", _columns(lambda b: b & FIN != 0)),
    "compressed": Flag(lambda s: s.compressed, "compressed", _columns(lambda b: b & RSV1 != 0)),
    "changed": _mark("changed", "changed on the way"),
    "dropped": _mark("dropped", "dropped on the way"),
    "injected": _mark("injected", "injected"),
    "delayed": _mark("delayed", "delayed by a fault"),
    "faulted": _mark("faulted", "damaged by a fault"),
    "cut": _mark("cut", "recorded in part only"),
    "marked": Flag(
        lambda s: s.marked,
        "bookmarked, or of a bookmarked connection",
        lambda t: t.marked("marked"),
    ),
    "violation": Flag(
        lambda s: bool(s.rules), "in breach of the protocol", lambda t: t.marked("violation")
    ),
}
"""Words that stand alone."""


def _lines(headers: list[tuple[str, str]]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers]


REGEXES: dict[str, Text] = {
    "b": Text(lambda s: s.payload, "the payload", "content"),
    "bq": Text(
        lambda s: s.payload if s.upstream else [],
        "the payload of what the client sends",
        "content",
    ),
    "bs": Text(
        lambda s: [] if s.upstream else s.payload,
        "the payload of what the server sends",
        "content",
    ),
    "u": Text(lambda s: [s.url], "the path and query", "connection"),
    "h": Text(lambda s: _lines(s.request_headers + s.response_headers), "a header", "connection"),
    "hq": Text(lambda s: _lines(s.request_headers), "a request header", "connection"),
    "hs": Text(lambda s: _lines(s.response_headers), "a response header", "connection"),
    "route": Text(lambda s: [s.route], "the port that the client connected to", "connection"),
    "instance": Text(
        lambda s: [s.instance], "the proxy of a fleet that it went through", "connection"
    ),
    "src": Text(lambda s: [s.client], "the client's address", "connection"),
    "dst": Text(lambda s: [s.server], "the upstream's URL", "connection"),
    "proto": Text(lambda s: list(s.protocols), "the decoder's name", "decoded"),
    "kind": Text(lambda s: list(s.kinds), "what the protocol calls the message", "decoded"),
    "say": Text(lambda s: list(s.says), "the decoded line", "decoded"),
    "note": Text(lambda s: list(s.notes), "a note on it or on its connection", "note"),
    "rule": Text(lambda s: list(s.rules), "the name of a violation", "frame"),
}
"""Words that take a regular expression (case-insensitive, found anywhere)."""

NUMBERS: dict[str, Number] = {
    "conn": Number(lambda s: s.connection_id, "the connection's number"),
    "size": Number(lambda s: s.length, "the length on the wire"),
    "opcode": Number(lambda s: s.opcode, "the opcode"),
    "c": Number(lambda s: s.status, "the handshake's status"),
    "code": Number(lambda s: s.close_code, "the close code"),
}
"""Words that take a number, with =, !=, <, <=, > or >= before it or nothing."""

WORDS = {
    **{f"~{word}": flag.words for word, flag in FLAGS.items()},
    **{f"~{word} REGEX": text.words for word, text in REGEXES.items()},
    **{f"~{word} NUMBER": number.words for word, number in NUMBERS.items()},
    "~unanswered TIME": "a request that had no answer within this time (5s, 200ms)",
    "~json PATH[=VALUE]": "a JSONPath finds something in the payload, or a value that compares so",
}
"""All words, for programs and for the documentation's test."""
