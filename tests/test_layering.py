"""Who may import whom: a file imports only from lower floors, adapters never each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "wsproxy"

FLOORS: list[set[str]] = [
    {"errors", "protocol", "filters", "payloads", "units", "words"},
    {
        *("records", "passing", "blocks", "link", "journal", "encoder", "faults", "matching"),
        *("queries", "render", "scenario"),
    },
    {"ports", "hooks", "outbox", "lane", "session"},
    {"engine", "addonhost", "store", "log", "tape", "formats", "web", "breakpoints"},
    {"config", "app", "demo"},
    {"cli", "__main__", "pytest_plugin", "testing"},
]
"""By the first part of the module's name below `wsproxy`."""

ADAPTERS = FLOORS[3]

PURE_BANNED = {"asyncio", "aiohttp", "mitmproxy", "logging", "time", "socket", "threading"}
ONLY_IN = {
    "aiohttp": {"engine", "web", "testing", "pytest_plugin"},
    "mitmproxy": {"addonhost", "formats"},
    "sqlite3": {"store"},
}


def part_of(module: str) -> str | None:
    """`wsproxy.store.rows` -> `store`; None for what is not ours or the package itself."""
    parts = module.split(".")
    return parts[1] if parts[0] == "wsproxy" and len(parts) > 1 else None


def floor_of(part: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if part in floor)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_a_file_imports_only_what_its_floor_may(path: Path) -> None:
    own = path.relative_to(ROOT).with_suffix("").parts[0]
    floor = floor_of(own)
    for module in imports(path):
        part = part_of(module)
        if part is None:
            top = module.split(".")[0]
            assert floor > 1 or top not in PURE_BANNED, f"{own} is pure, {module} is not"
            assert own in ONLY_IN.get(top, {own}), f"{own} must leave {top} to {ONLY_IN[top]}"
        elif part != own:
            assert floor_of(part) <= floor, f"{own} imports {part} from a higher floor"
            assert not (own in ADAPTERS and part in ADAPTERS), f"adapter {own} imports {part}"
