"""One word for one thing: the schemas and the documentation keep to docs/glossary.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wsproxy.formats import jsonl
from wsproxy.web.openapi import describe
from wsproxy.web.server import API_ROUTES

ROOT = Path(__file__).parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
EXPLAINED, NOT_TO_USE = GLOSSARY.split("## Words not to use")
WORDS = {
    word.rstrip("s")
    for term in re.findall(r"`([a-z0-9_]+)`", EXPLAINED)
    for word in (*term.split("_"), term)
}
JOINING = {"at", "by", "out", "with"}

FIELDS_NOT_TO_USE = {"from", "to", "stream", "wire_length", "up", "down", "dir", "fault_kind"}
SAYINGS_NOT_TO_USE = re.compile(
    r"to the letter|\bstrangers?\b|is no JSON|wire_length|no valid JSON", re.IGNORECASE
)


def names(schema: Any) -> Iterator[str]:
    """All names of properties in a JSON schema, however deep."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for value in schema.values():
            yield from names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from names(value)


API = set(names(describe(API_ROUTES)["components"]["schemas"]))
JSONL = set(names(json.loads(Path(jsonl.__file__).with_name("schema.json").read_text())))


@pytest.mark.parametrize("fields", [API, JSONL], ids=["API", "JSONL"])
def test_every_field_is_a_word_of_the_glossary_or_made_of_them(fields: set[str]) -> None:
    assert len(fields) > 40
    assert not fields & FIELDS_NOT_TO_USE
    unknown = {
        field
        for field in fields
        for part in field.split("_")
        if part not in JOINING and part.rstrip("s") not in WORDS
    }
    assert not unknown, "explain it in docs/glossary.md, or use a word that stands there"


@pytest.mark.parametrize(
    "path",
    [
        path
        for pattern in ("docs/**/*.md", "*.md", "wsproxy/**/*.py", "wsproxy/**/*.js")
        for path in ROOT.glob(pattern)
        if path.name != "glossary.md"
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_words_not_to_use_do_not_occur(path: Path) -> None:
    found = SAYINGS_NOT_TO_USE.search(path.read_text())
    assert not found, f"{found.group()!r}: docs/glossary.md says what to write" if found else ""


def test_the_glossary_has_no_word_twice() -> None:
    defined = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", EXPLAINED, re.MULTILINE)
    terms = [term for row in defined for term in re.findall(r"`([^`]+)`", row)]
    assert sorted(terms) == sorted(set(terms))
