"""Every form has its section where it is written and where it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsproxy.formats.registry import EXPORTS, FORMS, IMPORTS

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("page", "name"),
    [("export.md", name) for name in EXPORTS] + [("import.md", name) for name in IMPORTS],
)
def test_every_form_is_explained(page: str, name: str) -> None:
    text = (DOCS / page).read_text()
    assert f"\n## {name}\n" in text
    lacks = FORMS[name].lacks
    section = " ".join(text.split(f"\n## {name}\n")[1].split("\n## ")[0].split())
    assert not lacks or lacks in section
