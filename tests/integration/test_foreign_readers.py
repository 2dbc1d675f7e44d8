"""Exports as programs of others read them: har-validator, unzip. (tshark: tests/unit/formats.)"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.captured import DOWN, UP, MemoryCapture, Peers, conversation
from wsproxy.formats import archive, har
from wsproxy.formats.interfaces import Imported
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import End

ROOT = Path(__file__).parents[2]
VALIDATE = """
const { readFileSync } = require('node:fs');
const validate = require('har-validator');
validate.har(JSON.parse(readFileSync(process.argv[1], 'utf8'))).then(
  (har) => console.log(har.log.entries.length, 'entries'),
  (error) => { console.error(JSON.stringify(error.errors ?? String(error))); process.exit(1); },
);
"""


def everything() -> list[Imported]:
    first = Peers(conversation(1, deflate=True)).say(UP, "hello").say(DOWN, b"\x00", cuts=[0])
    first.say(UP, "old").change_last(b"new").say(UP, b"\x03\xe8", opcode=8)
    refused = conversation(2, end=End("refused", "server", 403))
    refused.status, refused.reason = 403, "Forbidden"
    request = HttpRecord(
        1, 1000.0, "c:1", "POST", "/x", "http://up/x", "HTTP/1.1", [("Content-Type", "text/plain")],
        None, 200, "OK", [("Location", "/y")], 1000.5, 1001.0, None, 2, 2, b"hi", b"\xff\xfe",
    )  # fmt: skip
    nobody = HttpRecord(2, 1000.0, "c:1", "GET", "/x", "http://up/x", "HTTP/1.1", [])
    return [*first.items, NoteRecord(1, None, None, "look", True), refused, request, nobody]


def written(module: object, path: Path) -> Path:
    with path.open("wb") as file:
        module.write(MemoryCapture(everything()), file)  # type: ignore[attr-defined]
    return path


def test_har_validator_finds_nothing(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "har-validator").is_dir():
        assert not os.environ.get("CI"), "CI needs node and har-validator: scripts/setup-page"
        pytest.skip("needs node and har-validator")
    path = written(har, tmp_path / "c.har")
    done = subprocess.run(
        [node, "-e", VALIDATE, str(path)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "4 entries"), done.stderr


def test_unzip_finds_nothing(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        assert not os.environ.get("CI"), "CI needs unzip"
        pytest.skip("needs unzip")
    path = written(archive, tmp_path / "c.zip")
    done = subprocess.run(
        [unzip, "-t", str(path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "No errors detected" in done.stdout
