"""The house stays a house: what is loose at its top, and how large a file may be."""

from __future__ import annotations

from pathlib import Path

HOUSE = Path(__file__).parent.parent
PACKAGE = HOUSE / "wsproxy"

LOOSE = {"__init__", "__main__", "app", "clock", "config", "errors", "pytest_plugin"}
MOST_LINES = 400


def test_only_what_is_everybodys_lies_at_the_top() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE


def test_no_file_has_more_than_one_subject_can_fill() -> None:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *HOUSE.glob("scripts/**/*.py")]
    files += HOUSE.glob("tests/**/*.py")
    lengths = {
        str(path.relative_to(HOUSE)): len(path.read_text().splitlines())
        for path in files
        if "node_modules" not in path.parts and "vendor" not in path.parts
    }
    assert len(lengths) > 300
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
