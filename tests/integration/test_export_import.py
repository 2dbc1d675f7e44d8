"""`wsproxy export` and `wsproxy import` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.captured import DOWN, UP, Peers, conversation
from wsproxy.captures.making import make_capture
from wsproxy.cli import cli
from wsproxy.errors import WsproxyError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def har(url: str, started: str) -> bytes:
    """A HAR file of one WebSocket, in which nothing was said."""
    request = {"method": "GET", "url": url, "headers": []}
    entry = {"startedDateTime": started, "request": request, "_webSocketMessages": []}
    return json.dumps({"log": {"entries": [entry]}}).encode()


def fails(*arguments: object) -> str:
    """Run what a user gets wrong; returns the one line."""
    result = run(*arguments)
    assert result.exit_code != 0
    if isinstance(result.exception, WsproxyError):  # `main` prints it
        return str(result.exception)
    assert isinstance(result.exception, SystemExit), result.exception
    return result.output


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "c.wsproxy"
    first = (
        Peers(conversation(1, deflate=True)).say(UP, "hello " * 50).say(DOWN, "yes", cuts=[1, 2])
    )
    second = Peers(conversation(2, opened=2000.0)).say(UP, b"\x00\xff").say(DOWN, b"\x01")
    make_capture(path, [*first.items, *second.items])
    return path


@pytest.mark.parametrize("form", ["jsonl", "zip"])
def test_a_lossless_form_brings_everything_back(capture: Path, tmp_path: Path, form: str) -> None:
    out, back = tmp_path / f"out.{form}", tmp_path / "back.wsproxy"
    assert run("export", capture, "--format", form, "-o", out).exit_code == 0
    assert run("import", out, "-o", back).exit_code == 0
    lines = [run("export", path, "--format", "jsonl", "-o", "-").stdout for path in (capture, back)]
    assert lines[0] == lines[1]
    assert lines[0].count("\n") == 2 + 6


def test_show_reads_an_export_as_it_is(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "named-as-you-like"
    run("export", capture, "--format", "zip", "-o", out)
    assert run("show", out).output == run("show", capture).output


def test_a_part_of_a_capture(capture: Path) -> None:
    output = run(
        "export", capture, "--format", "jsonl", "--connection", 2, "--filter", "~down", "-o", "-"
    ).stdout
    assert [line[:12] for line in output.splitlines()] == ['{"event":"co', '{"event":"fr']


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot read {file}: it is empty"),
        (b"\x7fELF", "cannot read {file}: it is neither a capture nor one of jsonl, "),
        (b'{"event":"frame"}\n', "cannot read {file}: line 1 is wrong: it lacks"),
        (b"5:abcde;", "cannot read {file}: flow 1 of it is damaged"),
        (har("ws://h/", "0001-01-01T00:00:00Z"), "is none between 1970 and 9999"),
        (har("ws://h:99999/", "2026-01-01T00:00:00Z"), "'ws://h:99999/' is no URL: port out of "),
    ],
)
def test_what_cannot_be_read_leaves_nothing(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "f"
    file.write_bytes(content)
    assert says.format(file=file) in fails("import", file, "-o", tmp_path / "new.wsproxy")
    assert [*tmp_path.iterdir()] == [file]


def test_mistakes_are_one_line(capture: Path, tmp_path: Path) -> None:
    assert "exists already" in fails("import", capture, "-o", capture)
    new = tmp_path / "new"
    assert f"{capture} is a capture already" in fails("import", capture, "-o", new)
    assert "is not a capture of wsproxy" in fails("import", tmp_path, "-o", new)
    assert not new.exists()
    assert "there is no capture" in fails("export", tmp_path / "no", "--format", "zip", "-o", "-")
    zip_to = ("export", capture, "--format", "zip", "-o")
    assert "cannot write" in fails(*zip_to, tmp_path / "no" / "x")
    assert "is a folder" in fails(*zip_to, tmp_path)
    assert "no connection 7; there are 1 to 2" in fails(*zip_to, "-", "--connection", 7)
    assert "is not a time" in fails(*zip_to, "-", "--since", "noon")


def test_a_full_disk_leaves_an_older_file_as_it_was(
    capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wsproxy.formats.jsonl.line", full)
    assert "cannot write" in fails("export", capture, "--format", "jsonl", "-o", out)
    assert out.read_text() == "older"
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.jsonl"]


@pytest.mark.parametrize("form", ["jsonl", "zip", "har", "flows", "pcapng"])
def test_show_export_and_diff_read_every_form_by_its_content(
    capture: Path, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "named-as-you-like"
    assert run("export", capture, "--format", form, "-o", file).exit_code == 0
    shown = run("show", file, "--messages")
    assert shown.exit_code == 0
    assert "hello hello" in shown.stdout
    assert "yes" in shown.stdout
    lines = run("export", file, "--format", "jsonl", "-o", "-").stdout.splitlines()
    texts = [json.loads(line).get("text") for line in lines]
    assert {"hello " * 50, "yes"} <= set(texts)
    compared = run("diff", capture, file)
    assert compared.exit_code == 0, compared.output
    assert "2 connections and 4 messages compared" in compared.stdout
