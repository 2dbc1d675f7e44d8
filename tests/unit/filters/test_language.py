"""Filters: a table of filter, subject and verdict, and errors that help."""

from __future__ import annotations

import json

import pytest

from wsproxy.filters.language import FilterError, parse
from wsproxy.filters.subject import Subject
from wsproxy.filters.words import FLAGS, NUMBERS, REGEXES
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
        ("~ping )", "unexpected ')' (at character 7: ~ping ▶))"),
        ("~down & ~b [", "(at character 12: ~down & ~b ▶[)"),
        ("~down & ~size big", "(at character 15: ~down & ~size ▶big)"),
        (
            "~up | ~dwn & x",
            "no filter word ~dwn; did you mean ~down? (at character 7: ~up | ▶~dwn & x)",
        ),
        ("~t text", "there is no filter word ~t; did you mean ~text?"),
        ("~q & x", "there is no filter word ~q; did you mean ~up?"),
        ("~ping & " * 8 + "~pinh" + " | ~ping" * 8, "~ping & ~ping & ▶~pinh | ~ping | ~ping | …)"),
    ],
)
def test_errors_say_what_is_wrong(source: str, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(source)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("~json $.id>3", [4, 7.5]),
        ("~json $.id>=4", [4, 7.5]),
        ("~json $.id<4", [-1, 3]),
        ("~json $.id<=3.5", [-1, 3]),
        ("~json $.id=4", [4, "4"]),
        ("~json $.id!=4", [-1, 3, 7.5, "b", True, None]),
        ("~json $.id>a", ["b"]),
        ("~json '$[?(@>3)]'", [4, 7.5]),
        ("~json '$[?(@>3)]<5'", [4]),
        ("~json $.none!=4", []),
    ],
)
def test_json_is_compared(source: str, found: list[object]) -> None:
    values = [-1, 3, 4, 7.5, "4", "b", True, None]
    matches = parse(source).matches
    payloads = {json.dumps({"id": value}): value for value in values}
    assert [v for p, v in payloads.items() if matches(Subject(payload=p.encode()))] == found
    assert parse("~json $.id>3").explain() == "$.id in the JSON payload is more than 3"


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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("~b '(?=a)b'", "look-ahead and look-behind, which are not supported"),
        ("~b '(?<!a)b'", "look-ahead and look-behind, which are not supported"),
        (r"~b '(a)\1'", "back references, which are not supported"),
        (r"~u 'x\Z'", "the end of the text is written \\z"),
        ("~b " + "a" * 1001, "at most 1000 characters"),
        ("!" * 3000 + "~ping", "nested at most 50 deep"),
        ("~ping " * 1000, "a filter has at most 4000 characters"),
        ("~json $..a..b", "may have `..` once"),
        ("~json $" + "[0,1]" * 5, "at most 4 commas"),
        ("~json $" + ".a" * 101, "at most 200 characters"),
        ("~json \"$[?match(@.a,'(a+)+$')]\"", "regular expressions in a JSONPath"),
    ],
)
def test_what_could_take_for_ever_is_refused(source: str, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(source)
    assert message in str(error.value)


def test_a_regular_expression_takes_linear_time() -> None:
    assert not parse("~b '(a+)+$'").matches(Subject(payload=b"a" * 100_000 + b"b"))


def test_bytes_and_characters() -> None:
    assert parse("~b ÄPFEL").matches(Subject(payload="äpfel".encode()))
    assert parse("~b ^.$").matches(Subject(payload="ä".encode()))
    assert parse(r"~b \xff\x00").matches(Subject(payload=b"\xff\x00"))
    assert parse("~u /ä").matches(Subject(url="/ä"))
    assert parse("~u b").matches(Subject(url="/a\udcffb"))


def test_json_larger_than_the_bound_does_not_match() -> None:
    payload = b'{"op": 1, "x": "' + b"y" * (1 << 20) + b'"}'
    assert not parse("~json $.op=1").matches(Subject(payload=payload))
    assert parse("~json $.op=1").matches(Subject(payload=payload.replace(b"y" * 100, b"")))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("~ping", True),
        ("! ~ping", False),
        ("! ! ~ping", True),
        ("~down ~close", True),
        ("~b ping", False),
        ("~b '~ping'", False),
        ("! ~data", True),
        ("~data", False),
        ("~opcode 9", True),
        ("~opcode >=8", True),
        ("~opcode 1", False),
        ("~opcode !=1", False),
        ("! ~opcode <8", True),
        ("~code 1000 | ~text", True),
        ("", False),
    ],
)
def test_which_filters_name_control_frames(source: str, named: bool) -> None:
    assert parse(source).names_control is named
