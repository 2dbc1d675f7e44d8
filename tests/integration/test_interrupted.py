"""Ctrl-C, a full disk and damaged files while files are made: one line, nothing half left over."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.cli import cli
from wsproxy.errors import WsproxyError
from wsproxy.store.wirefile import WireFile

FORMS = ["jsonl", "zip", "har", "flows", "pcapng"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture, and an export of it in each form that is read, by its name."""
    folder = tmp_path_factory.mktemp("forms")
    peers = Peers(conversation(1))
    for number in range(300):
        peers.say(UP, f"question {number} " * 10).say(DOWN, f"answer {number} " * 10)
    make_capture(folder / "c.wsproxy", peers.items)
    for form in FORMS:
        arguments = ["export", str(folder / "c.wsproxy"), "--format", form, "-o"]
        result = CliRunner().invoke(cli, [*arguments, str(folder / form)])
        assert result.exit_code == 0, result.exception
    return folder


def said_of_import(file: Path, out: Path) -> str | None:
    """The line that an import ends with; None where it was made."""
    result = CliRunner().invoke(cli, ["import", str(file), "-o", str(out)])
    if result.exit_code == 0:
        return None
    assert isinstance(result.exception, WsproxyError), result.exception
    return str(result.exception)


@pytest.mark.parametrize("form", FORMS)
def test_damaged_and_cut_files_are_one_line_or_a_capture(
    files: Path, tmp_path: Path, form: str
) -> None:
    data = (files / form).read_bytes()
    for seed in range(4 if form == "pcapng" else 12):  # tshark takes its time
        draw = random.Random(seed)
        damaged = bytearray(data)
        if seed % 2:
            del damaged[draw.randrange(1, len(damaged)) :]
        else:
            for _ in range(draw.choice([1, 8, 200])):
                damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        (tmp_path / "damaged").write_bytes(damaged)
        out = tmp_path / f"{seed}.wsproxy"
        line = said_of_import(tmp_path / "damaged", out)
        if line is None:
            assert out.is_dir()
        else:
            assert "\n" not in line, line
            assert [*tmp_path.glob(f"*{seed}.wsproxy*")] == []


def test_a_full_disk_leaves_no_capture(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WireFile, "append", full)
    line = said_of_import(files / "jsonl", tmp_path / "out.wsproxy")
    assert line is not None
    assert "no space left on device" in line.lower()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("command", ["import", "export"])
def test_ctrl_c_in_the_middle_leaves_nothing(files: Path, tmp_path: Path, command: str) -> None:
    large = tmp_path / "large.jsonl"
    lines = (files / "jsonl").read_bytes().splitlines(keepends=True)
    large.write_bytes(b"".join([lines[0], *lines[1:-1] * 120, lines[-1]]))
    arguments: list[object] = ["import", large, "-o", tmp_path / "out"]
    if command == "export":
        assert said_of_import(large, tmp_path / "large.wsproxy") is None
        arguments = [
            "export",
            tmp_path / "large.wsproxy",
            "--format",
            "zip",
            "-o",
            tmp_path / "out",
        ]
    before = sorted(tmp_path.iterdir())
    with subprocess.Popen(
        [sys.executable, "-m", "wsproxy", *map(str, arguments)],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 30
        while sorted(tmp_path.iterdir()) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.count("\n") <= 1, errors
    assert sorted(tmp_path.iterdir()) == before
