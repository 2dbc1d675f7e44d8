"""Documentation that fails the build: every fault, field, route and error has its entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wsproxy.faults.attributes import attributes_of
from wsproxy.faults.base import Fault
from wsproxy.faults.kinds.malformed import WAYS
from wsproxy.faults.oneline import parse_line
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.faults.scenario import parse
from wsproxy.faults.spec import FIELDS
from wsproxy.testing import Faults, SeenList, SyncProxy
from wsproxy.web.errors import ERRORS
from wsproxy.web.server import API_ROUTES

DOCS = Path(__file__).parent.parent / "docs"

ROUTES = {f"{route.method} {route.path}" for route in API_ROUTES} | {
    "GET /feed",
    "GET /openapi.json",
}


def sections(path: Path) -> dict[str, str]:
    """What stands under each heading of the second level."""
    parts = re.split(r"^## (.+)$", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("fault", FAULT_TYPES.values(), ids=FAULT_TYPES)
def test_every_fault_has_its_section(fault: type[Fault]) -> None:
    section = sections(DOCS / "faults.md")[fault.type]
    words = " ".join(section.split())
    assert all(part in words for part in fault.documentation())
    assert f"--fault '{fault.example}'" in section
    for item in attributes_of(fault):
        assert f"| `{item.name}` | {item.doc} | {item.unit.words} |" in section


def test_every_field_and_way_is_explained() -> None:
    text = (DOCS / "faults.md").read_text()
    for name in FIELDS:
        assert name == "type" or f"| `{name}` |" in text
    for how, (words, _) in WAYS.items():
        assert f"| `{how}` | {words} |" in text


def test_the_scenario_and_the_lines_of_the_documentation_can_be_read() -> None:
    text = (DOCS / "faults.md").read_text()
    (scenario,) = re.findall(r"```yaml\n(.+?)```", text, re.DOTALL)
    assert len(parse(scenario).faults) == 4
    lines = re.findall(r"^--fault '(.+)'$", text, re.MULTILINE)
    assert len(lines) >= len(FAULT_TYPES)
    for line in lines:
        parse_line(line)


def test_every_route_has_a_heading_and_every_heading_a_route() -> None:
    headings = re.findall(r"^### ([A-Z]+ /.*)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(ROUTES)


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_described(code: str) -> None:
    assert f"`{code}`" in (DOCS / "api.md").read_text()


def test_every_image_of_the_page_is_there() -> None:
    for image in re.findall(r"\]\((images/[^)]+)\)", (DOCS / "page.md").read_text()):
        assert (DOCS / image).is_file()


def test_everything_a_test_can_ask_of_a_proxy_is_explained() -> None:
    text = (DOCS / "testing.md").read_text()
    for kind in (SyncProxy, Faults, SeenList):
        for name in vars(kind):
            if not name.startswith("_") and name != "close":  # the fixtures close it
                assert re.search(rf"`(faults)?[^`]*\b{name}\b[^`]*`", text), name
