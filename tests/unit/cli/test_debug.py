from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator

import click
import pytest

import wsproxy.cli
from wsproxy.cli.debug import HINT, with_debug
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.errors import WsproxyError

Run = Callable[..., tuple[object, str, str]]


@click.group()
def _group() -> None:
    pass


@_group.command("fail")
@click.option("--mistake", is_flag=True)
def _fail(*, mistake: bool) -> None:
    if mistake:
        raise WsproxyError("there is no such file")
    raise ZeroDivisionError("by nought")


@_group.command("log")
def _logs() -> None:
    configure_logging()
    try:
        raise ZeroDivisionError("by\nnought")
    except ZeroDivisionError:
        logging.getLogger("x").exception("the lane of #3 failed\nafter\x1b[31m that")


@_group.command("loop")
def _loops() -> None:
    async def say() -> None:
        click.echo(f"debug={asyncio.get_running_loop().get_debug()}")

    run_loop(say())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `main` with words; returns the exit code and what was written."""
    monkeypatch.setattr(wsproxy.cli, "cli", with_debug(_group))

    def run(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["wsproxy", *words])
        code: object = 0
        try:
            wsproxy.cli.main()
        except SystemExit as exit_:
            code = exit_.code
        out, err = capfd.readouterr()
        return code, out, err

    yield run
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def test_a_failure_is_one_line_that_names_the_option(run: Run) -> None:
    code, _, err = run("fail")
    assert (code, err) == (1, f"wsproxy: failed: ZeroDivisionError('by nought') {HINT}\n")


def test_a_mistake_is_one_line_without_a_hint(run: Run) -> None:
    code, _, err = run("fail", "--mistake")
    assert (code, err) == (1, "wsproxy: there is no such file\n")


@pytest.mark.parametrize("words", [("--debug", "fail"), ("fail", "--debug")])
def test_with_the_option_a_traceback_comes_first(words: tuple[str, ...], run: Run) -> None:
    code, _, err = run(*words)
    assert code == 1
    assert err.startswith("Traceback")
    assert err.endswith("\nwsproxy: failed: ZeroDivisionError('by nought')\n")


def test_log_records_are_one_line_without_the_option(run: Run) -> None:
    _, _, err = run("log")
    assert err == (
        "wsproxy: error: the lane of #3 failed after\\x1b[31m that:"
        f" ZeroDivisionError('by\\nnought') {HINT}\n"
    )


def test_log_records_bring_their_traceback_with_the_option(run: Run) -> None:
    _, _, err = run("log", "--debug")
    line, traceback = err.split("\n", 1)
    assert HINT not in line
    assert traceback.startswith("Traceback") and "test_debug.py" in traceback


@pytest.mark.parametrize("debug", [False, True])
def test_asyncio_debugs_too(debug: bool, run: Run) -> None:
    code, out, _ = run("loop", *(["--debug"] if debug else []))
    assert (code, out) == (0, f"debug={debug}\n")


def test_every_command_has_the_option() -> None:
    group = wsproxy.cli.cli
    context = click.Context(group)
    assert isinstance(group, click.Group)
    for name in [None, *group.list_commands(context)]:
        command = group.get_command(context, name) if name else group
        assert command is not None
        assert "--debug" in [text for option in command.params for text in option.opts], name
