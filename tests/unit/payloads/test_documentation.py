"""Every decoder has its section in docs/decoders.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsproxy.payloads.registry import FACTORIES

DOCS = Path(__file__).parents[3] / "docs" / "decoders.md"


@pytest.mark.parametrize("name", FACTORIES)
def test_every_decoder_has_its_section(name: str) -> None:
    assert re.search(rf"^### `{re.escape(name)}`$", DOCS.read_text(), re.MULTILINE)
