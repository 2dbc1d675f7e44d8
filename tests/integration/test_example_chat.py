"""docs/examples/chat: its test suite finds three bugs, and none in the mended client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "chat"

BUGS = {
    "test_nothing_is_lost_when_the_line_breaks": "TimeoutError",
    "test_nothing_is_shown_twice": "AssertionError",
    "test_a_silent_server_is_noticed": "TimeoutError",
}


@pytest.mark.parametrize(
    ("client", "bugs", "outcome"),
    [("buggy", BUGS, "3 failed, 2 passed"), ("fixed", {}, "5 passed")],
)
def test_what_its_tests_find(
    client: str, bugs: dict[str, str], outcome: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "CHAT_CLIENT": client,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Not the installed package's plugin, which may be another version, but this one.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    plugins = ["-p", "asyncio", "-p", "aiohttp", "-p", "wsproxy.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugins]
    run = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "run"), "-rf"],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome in run.stdout, run.stdout + run.stderr
    found = dict(
        re.findall(r"^FAILED test_chat\.py::(\w+) - .*?(\w+Error)", run.stdout, re.MULTILINE)
    )
    assert found == bugs, run.stdout
    assert run.stdout.count("wsproxy capture") == len(bugs)
