"""Columns, colours and snippets of rows."""

from __future__ import annotations

import json

import pytest

from tests.unit.web.test_rows import UP, seen
from wsproxy.model.records import MessageRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.web.errors import ApiError
from wsproxy.web.extras import FED_BYTES, MAX_COLOURS, MAX_COLUMNS, Extras, extras_of


def text(content: str) -> dict[str, object]:
    extras = Extras(("$.op", "$.a[1]", "$.big"))
    return extras.of(seen(make_frame(1, content.encode())), None, None)


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ('{"op": "sub", "a": [1, {"b": 2}], "big": 12345678901234567890}',
         ["sub", '{"b":2}', "12345678901234567890"]),
        ('{"op": null}', ["null", None, None]),
        ("[1, 2]", [None, None, None]),
        ("no JSON", [None, None, None]),
        ("{broken", [None, None, None]),
        (json.dumps({"op": "x" * 100}), ["x" * 79 + "…", None, None]),
    ],
)  # fmt: skip
def test_columns(content: str, cells: list[str | None]) -> None:
    assert text(content)["columns"] == cells


def test_columns_of_large_contents_stay_empty() -> None:
    large = make_frame(1, json.dumps({"op": 1, "x": "y" * FED_BYTES}).encode())
    assert Extras(("$.op",)).of(seen(large), None, None) == {"columns": ["1"]}
    assert extras_of({"columns": ["$.op"]}, FED_BYTES).of(seen(large), None, None) == {
        "columns": [None]
    }


def test_colours_tell_which_rules_match() -> None:
    extras = Extras(colours=("~down", "~up & ~b error", "~changed"))
    frame = seen(make_frame(1, b"an error"))
    assert extras.of(frame, None, None) == {"colours": [1]}
    changed = MessageRecord(1, UP, 1, 5.0, 1, b"an error", 8, 8, verdict="changed")
    assert extras.of(frame._replace(message=changed), None, None) == {"colours": [1, 2]}


def test_a_snippet_shows_what_the_beginning_does_not() -> None:
    extras = Extras(hit="needle")
    early = seen(make_frame(1, b"a needle " + b"x" * 500))
    assert extras.of(early, None, None) == {}
    late = seen(make_frame(1, "ü".encode() * 200 + b" Needle " + b"y" * 900))
    preview = extras.of(late, None, None)["preview"]
    assert preview.startswith("…ü")
    assert "Needle" in preview
    assert preview.endswith("y…")
    assert extras.of(seen(make_frame(2, b"\x00" * 500 + b"needle")), None, None) == {}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"columns": ["$.a"] * (MAX_COLUMNS + 1)}, "bad_request"),
        ({"colours": ["~up"] * (MAX_COLOURS + 1)}, "bad_request"),
        ({"columns": ["$["]}, "bad_request"),
        ({"colours": ["~nonsense"]}, "bad_filter"),
        ({"hit": "(?=x)"}, "bad_request"),
    ],
)
def test_wishes_are_bounded_and_checked(asked: dict[str, object], code: str) -> None:
    with pytest.raises(ApiError) as error:
        extras_of(asked)
    assert error.value.code == code
