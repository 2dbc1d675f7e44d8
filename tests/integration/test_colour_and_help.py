"""Colours are one decision for all commands, and help is whole: by the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.captured import conversation
from tests.support.command import on_terminal, run
from tests.support.recording import Recording
from wsproxy.cli import _COMMANDS
from wsproxy.cli.grouped import REST
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder

BOLD, DIM = "\x1b[1m", "\x1b[2m"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "c.wsproxy"
    recording = Recording(path)
    recording.connection_changed(conversation())
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    recording.journal.chunks.append((decoder, 1001.0, make_frame(1, b"hello").wire))
    recording.close()
    return path


@pytest.mark.parametrize(
    ("arguments", "env", "colours"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color=always"], {"NO_COLOR": "1"}, True),
        ([], {"WSPROXY_COLOR": "never"}, False),
    ],
)
def test_on_a_terminal(
    capture: Path, arguments: list[str], env: dict[str, str], colours: bool
) -> None:
    with on_terminal("show", capture, "--messages", *arguments, env={"PAGER": "cat", **env}) as it:
        assert (DIM in it.out.rest()) is colours
    with on_terminal("show", "--help", *arguments, env=env) as it:
        assert (BOLD in it.out.rest()) is colours


@pytest.mark.parametrize(
    ("arguments", "env", "colours"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        (["--color", "always"], {}, True),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
    ],
)
def test_on_a_pipe(capture: Path, arguments: list[str], env: dict[str, str], colours: bool) -> None:
    shown = run("show", capture, "--messages", *arguments, env=env)
    assert (DIM in shown.stdout) is colours
    assert "hello" in shown.stdout
    assert (BOLD in run("show", "--help", *arguments, env=env).stdout) is colours
    assert (BOLD in run("faults", "list", "drop", *arguments, env=env).stdout) is colours


def test_a_wrong_choice_is_a_usage_error() -> None:
    done = run("show", "x", "--color", "sometimes")
    assert done.returncode == 2
    assert "'sometimes' is not one of 'auto', 'always', 'never'" in done.stderr


def test_no_line_of_help_is_cut() -> None:
    text = run("--help").stdout
    assert "..." not in text.partition("Commands:")[2]
    assert all(f"\n  {name} " in text for name in _COMMANDS)
    assert "..." not in run("faults", "--help").stdout.partition("Commands:")[2]


def test_the_options_of_run_are_grouped() -> None:
    text = run("run", "--help").stdout
    clients, page = text.index("\nClients:\n"), text.index("\nThe page and its API:\n")
    assert clients < text.index("--listen-port") < page < text.index("--web-port")
    rest = text.partition(f"\n{REST}:\n")[2].partition("Examples:")[0]
    named = [line.split()[0] for line in rest.splitlines() if line.startswith("  -")]
    assert named == ["--debug", "--config", "-h,"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shwo", "x"], "there is no command shwo; did you mean show?"),
        (["faults", "lst"], "there is no command lst; did you mean list?"),
        (["ctl", "faults", "ad"], "there is no command ad; did you mean add?"),
    ],
)
def test_a_misspelt_command(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
