"""Every bound of a filter: what is just within it is taken, what is just beyond is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from wsproxy.filters import jsonpaths, language, regex
from wsproxy.filters.jsonpaths import JsonPath
from wsproxy.filters.language import FilterError, parse
from wsproxy.filters.subject import Subject


def nested(depth: int) -> str:
    source = "~ping"
    for level in range(depth):
        source = f"({source} {'&|'[level % 2]} ~ping)"
    return source


BOUNDS: dict[str, tuple[int, Callable[[int], str], str]] = {
    "length": (language.MAX_LENGTH, "~ping".rjust, "at most 4000 characters"),
    "!": (language.MAX_NESTING, lambda n: "!" * n + "~ping", "nested at most 50 deep"),
    "( )": (language.MAX_NESTING, nested, "nested at most 50 deep"),
    "regex": (regex.MAX_LENGTH, lambda n: "~b " + "a" * n, "at most 1000 characters"),
    "path": (jsonpaths.MAX_PATH, lambda n: "~json $." + "a" * (n - 2), "at most 200 characters"),
    "commas": (
        jsonpaths.MAX_COMMAS,
        lambda n: "~json $[" + ",".join("0" * (n + 1)) + "]",
        "at most 4 commas",
    ),
    "..": (1, lambda n: "~json $" + "..a" * n, "may have `..` once"),
    "filters": (
        jsonpaths.MAX_FILTERS,
        lambda n: '~json "$' + "[?@.a]" * n + '"',
        "at most 2 filters and one `$`",
    ),
    "$": (
        1,
        lambda n: '~json "$[?@.a < ' + ("1" if n == 1 else "$.b") + ']"',
        "at most 2 filters and one `$`",
    ),
    "brackets": (
        jsonpaths.MAX_NESTING,
        lambda n: '~json "$[?' + "(" * (n - 1) + "@.a" + ")" * (n - 1) + ']"',
        "brackets are nested more than 8 deep",
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_just_within_and_just_beyond(name: str) -> None:
    most, make, message = BOUNDS[name]
    parse(make(most))
    with pytest.raises(FilterError) as error:
        parse(make(most + 1))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("$.a", jsonpaths.MAX_JSON),
        ("$['a..b*:?']", jsonpaths.MAX_JSON),
        ("$..a", jsonpaths.MAX_JSON_DEEP),
        ("$[*]", jsonpaths.MAX_JSON_DEEP),
        ("$[0:2]", jsonpaths.MAX_JSON_DEEP),
        ("$[?@.a]", jsonpaths.MAX_JSON_DEEP),
    ],
)
def test_what_looks_at_every_value_looks_at_less(path: str, limit: int) -> None:
    assert JsonPath(path).limit == limit


def test_payloads_just_within_and_just_beyond() -> None:
    found = parse("~json $..a=1")
    body = json.dumps({"a": 1, "pad": ""}).encode()
    padded = body.replace(b'""', b'"' + b"x" * (jsonpaths.MAX_JSON_DEEP - len(body)) + b'"')
    assert len(padded) == jsonpaths.MAX_JSON_DEEP
    assert found.matches(Subject(payload=padded))
    assert not found.matches(Subject(payload=padded + b" "))


def test_json_that_is_nested_too_deep_to_be_read_does_not_match() -> None:
    depth = 20_000
    assert not parse("~json $..a").matches(Subject(payload=b"[" * depth + b"]" * depth))


def test_a_wrong_path_is_said_in_one_line() -> None:
    with pytest.raises(FilterError) as error:
        parse("~json $[?@.a")
    assert "is not a JSONPath" in str(error.value)
    assert "\n" not in str(error.value)
