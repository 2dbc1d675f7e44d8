"""`wsproxy diff` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.cli import cli


def made(path: Path, price: float) -> Path:
    peers = Peers(conversation(1, deflate=True)).say(UP, '{"op":"price"}')
    make_capture(path, peers.say(DOWN, f'{{"price":{price}}}').items)
    return path


def test_exit_codes_and_forms(tmp_path: Path) -> None:
    before, after = made(tmp_path / "a.wsproxy", 101.5), made(tmp_path / "b.wsproxy", 99)
    run = CliRunner().invoke
    archive = tmp_path / "a.zip"
    run(cli, ["export", str(before), "--format", "zip", "-o", str(archive)])
    same = run(cli, ["diff", str(before), str(archive)])
    assert (same.exit_code, same.output[:13]) == (0, "no difference")
    junit = tmp_path / "r.xml"
    other = run(cli, ["diff", str(before), str(after), "--junit", str(junit)])
    assert other.exit_code == 1
    assert "    $.price 101.5 -> 99" in other.output
    assert 'failures="1"' in junit.read_text()
    as_json = run(cli, ["diff", str(before), str(after), "--json"])
    assert json.loads(as_json.output)["differences"][0]["what"] == "changed"
    assert run(cli, ["diff", str(before), str(after), "--ignore", "$.price"]).exit_code == 0
    assert run(cli, ["diff", str(before), str(after), "--ignore", "price"]).exit_code == 2
    assert run(cli, ["diff", str(before), str(after), "--connections", "1,7"]).exit_code == 2


@pytest.mark.parametrize(("price", "code"), [(101.5, 0), (99, 1)])
def test_the_process_ends_with_the_exit_code(tmp_path: Path, price: float, code: int) -> None:
    before, after = made(tmp_path / "a.wsproxy", 101.5), made(tmp_path / "b.wsproxy", price)
    command = [sys.executable, "-m", "wsproxy", "diff", str(before), str(after)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
