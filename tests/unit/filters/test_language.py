"""Filters: a table of filter, subject and verdict, and errors that help."""

from __future__ import annotations

import pytest

from wsproxy.filters.language import FLAGS, NUMBERS, REGEXES, FilterError, parse
from wsproxy.filters.subject import Subject
from wsproxy.protocol.frames import Opcode

UP = Subject(
    payload=b'{"op": "subscribe", "n": 7}',
    length=27,
    connection_id=3,
    url="/chat?room=1",
    client="10.0.0.5:1234",
    server="ws://staging:8080",
    request_headers=[("Origin", "http://app.test")],
    response_headers=[("Server", "nginx")],
    status=101,
)
PING = Subject(opcode=Opcode.PING, upstream=False)
CLOSE = Subject(opcode=Opcode.CLOSE, close_code=1008, upstream=False, rules=("close-code",))
BINARY = Subject(opcode=Opcode.BINARY, payload=b"\xff\x00\x01", length=3, verdict="changed")

TABLE = [
    ("", {UP.url, "ping", "close", "binary"}),
    ("subscribe", {"up"}),
    ("~b SUBSCRIBE", {"up"}),
    ("~bs subscribe", set()),
    ("~bq subscribe", {"up"}),
    ("~down", {"ping", "close"}),
    ("~down & ! ~ping", {"close"}),
    ("~down !~ping", {"close"}),
    ("~ping | ~close", {"ping", "close"}),
    ("~up (~text | ~ping)", {"up"}),
    ("~size >=27", {"up"}),
    ("~size <4 & ~data", {"binary"}),
    ("~size !=27 ~up", {"binary"}),
    ("~opcode 0x8", {"close"}),
    ("~code 1008", {"close"}),
    ("~conn 3", {"up"}),
    ("~c 101", {"up"}),
    ("~u room=1", {"up"}),
    ("~h 'origin: http'", {"up"}),
    ("~hs origin", set()),
    ("~src ^10\\.", {"up"}),
    ("~dst staging", {"up"}),
    ("~rule close-", {"close"}),
    ("~violation", {"close"}),
    ("~changed", {"binary"}),
    ("~control", {"ping", "close"}),
    ("~json $.op=subscribe", {"up"}),
    ("~json $.n=7", {"up"}),
    ("~json $.n=8", set()),
    ("~json $.missing", set()),
    ("~json $.op", {"up"}),
    (r"~b \xff", {"binary"}),
    ('~b "op\\": \\"sub"', {"up"}),
]
SUBJECTS = {"up": UP, "ping": PING, "close": CLOSE, "binary": BINARY}


@pytest.mark.parametrize(("source", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_what_a_filter_lets_through(source: str, expected: set[str]) -> None:
    matches = parse(source).matches
    got = {name for name, subject in SUBJECTS.items() if matches(subject)}
    assert got == (set(SUBJECTS) if source == "" else expected)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("~pinh", "did you mean ~ping?"),
        ("~b", "lacks its value"),
        ("~b (", "lacks its value"),
        ("~b [", "not a regular expression"),
        ("~size big", "takes a number"),
        ("(~ping", "ends too early"),
        ("~json $[", "not a JSONPath"),
        ("~ping )", "unexpected ')' at character 7"),
    ],
)
def test_errors_say_what_is_wrong(source: str, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(source)
    assert message in str(error.value)


def test_explain() -> None:
    assert parse("~down & (~ping | ~b price)").explain() == (
        "sent by the server and (a ping or the payload matches 'price')"
    )
    assert parse("! ~size >10").explain() == "not (the length on the wire is more than 10)"


def test_every_word_can_be_parsed() -> None:
    for word in FLAGS:
        parse(f"~{word}")
    for word in REGEXES:
        parse(f"~{word} x")
    for word in NUMBERS:
        parse(f"~{word} 1")
