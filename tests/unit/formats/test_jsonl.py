"""JSON lines: lossless, described, and clear about what is wrong with a file."""

from __future__ import annotations

import io
import json

import jsonschema
import pytest
from hypothesis import given, settings

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, captures, conversation
from wsproxy.filters.language import parse
from wsproxy.formats import archive, jsonl
from wsproxy.formats.interfaces import FormatError, Imported
from wsproxy.formats.selection import EVERYTHING, Selection, told
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord


def written(items: list[Imported], selection: Selection = EVERYTHING) -> bytes:
    out = io.BytesIO()
    jsonl.write(MemoryCapture(items), out, selection)
    return out.getvalue()


@settings(max_examples=40, deadline=None)
@given(captures())
def test_everything_comes_back(items: list[Imported]) -> None:
    back = MemoryCapture(jsonl.read(io.BytesIO(written(items))))
    assert list(told(back)) == list(told(MemoryCapture(items)))


@settings(max_examples=40, deadline=None)
@given(captures())
def test_every_line_is_as_the_schema_says(items: list[Imported]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(archive.schema()))
    for line in written(items).splitlines():
        validator.validate(json.loads(line))


@settings(max_examples=40, deadline=None)
@given(captures())
def test_zip_holds_everything_too(items: list[Imported]) -> None:
    out = io.BytesIO()
    archive.write(MemoryCapture(items), out)
    back = MemoryCapture(archive.read(io.BytesIO(out.getvalue())))
    assert list(told(back)) == list(told(MemoryCapture(items)))


def test_header_bytes_that_are_no_utf8_survive() -> None:
    connection = conversation()
    connection.request_headers.append(("X", b"\xff\xfe".decode("utf-8", "surrogateescape")))
    (back,) = jsonl.read(io.BytesIO(written([connection])))
    assert back == connection


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"event":"frame"}\n', "line 2 is wrong: it lacks 'content_base64'"),
        (b'{"event":"moon"}\n', "line 2 is wrong: there is no event 'moon'"),
        (b'{"event":"frame","id":', "line 2 is cut off"),
        (b"[1]\n", "line 2 is wrong"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        list(jsonl.read(io.BytesIO(written([conversation()]) + line)))


def test_a_damaged_zip_is_said() -> None:
    out = io.BytesIO()
    archive.write(MemoryCapture([conversation()]), out)
    with pytest.raises(FormatError, match="damaged"):
        list(archive.read(io.BytesIO(out.getvalue()[:-30])))


def talk() -> list[Imported]:
    first = Peers(conversation(1)).say(UP, "one").say(DOWN, "two").say(UP, "three")
    second = Peers(conversation(2, opened=1000.5)).say(UP, "four")
    return [*first.items, *second.items]


def payloads(selection: Selection) -> list[object]:
    found = told(MemoryCapture(talk()), selection)
    return [
        thing.record.frame.payload.decode() if isinstance(thing, Seen) else thing.id
        for thing in found
        if isinstance(thing, (Seen, ConnectionRecord))
    ]


def test_a_selection_takes_what_it_says() -> None:
    assert payloads(EVERYTHING) == [1, 2, "one", "two", "three", "four"]
    assert payloads(Selection(connection_id=2)) == [2, "four"]
    assert payloads(Selection(matches=parse("~down").matches)) == [1, "two"]
    assert payloads(Selection(since=1001.5, until=1001.5)) == [1, "two"]
