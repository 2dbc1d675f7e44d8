"""Documentation that fails the build: every route and error of the API has its entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsproxy.web.api import breakpoints, capture, control, export, faults
from wsproxy.web.errors import ERRORS

DOCS = Path(__file__).parent.parent / "docs"

ROUTES = {
    f"{route.method} {route.path}"
    for module in (breakpoints, capture, control, export, faults)
    for route in module.ROUTES
} | {"GET /feed", "GET /openapi.json"}


def test_every_route_has_a_heading_and_every_heading_a_route() -> None:
    headings = re.findall(r"^### ([A-Z]+ /.*)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(ROUTES)


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_described(code: str) -> None:
    assert f"`{code}`" in (DOCS / "api.md").read_text()


def test_every_image_of_the_page_is_there() -> None:
    for image in re.findall(r"\]\((images/[^)]+)\)", (DOCS / "page.md").read_text()):
        assert (DOCS / image).is_file()
