"""`wsproxy diff`: two captures compared as conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from wsproxy.captures.opening import opened
from wsproxy.cli.colour import coloured
from wsproxy.cli.export import check_connection
from wsproxy.errors import WsproxyError
from wsproxy.formats.output import writing
from wsproxy.replay.diff import Comparison, compare
from wsproxy.replay.report import as_json, as_junit, for_people
from wsproxy.replay.said import talks_of
from wsproxy.replay.volatile import Ignored
from wsproxy.text.files import read_text
from wsproxy.text.units import parse_duration

F = TypeVar("F", bound=Callable[..., Any])

EPILOG = """\b
Examples:
  wsproxy diff yesterday.wsproxy today.wsproxy
  wsproxy diff good.zip bad.har --ignore '$..price' --junit report.xml
  wsproxy diff run.wsproxy run.wsproxy --connections 1,2

Exit code 0: no difference; 1: there are some.
"""


def report_options(function: F) -> F:
    """Add --ignore, --ignore-file, --no-guess, --later, --json and --junit."""
    options = (
        click.option(
            "--ignore", multiple=True, metavar="JSONPATH", help="Leave members out, e.g. $..id."
        ),
        click.option(
            "--ignore-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A file with such paths, one a line.",
        ),
        click.option("--no-guess", is_flag=True, help="Compare times, ids and tokens, too."),
        click.option(
            "--later", metavar="DURATION", help="Report answers that took so much longer."
        ),
        click.option("--json", "json_", is_flag=True, help="Print JSON."),
        click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to a file."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("diff", epilog=EPILOG)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--connections", metavar="N,M", help="Compare connection N of BEFORE with M of AFTER."
)
@report_options
def command(
    before: Path,
    after: Path,
    connections: str | None,
    ignore: tuple[str, ...],
    ignore_file: Path | None,
    no_guess: bool,
    later: str | None,
    json_: bool,
    junit: Path | None,
) -> None:
    """Compare two captures, whatever their form, as conversations (docs/diff.md)."""
    one, other = _pair(connections)
    ignored = ignored_of(ignore, ignore_file, no_guess=no_guess)
    limit = later_of(later)
    with ExitStack() as stack:
        first, second = (stack.enter_context(opened(path)) for path in (before, after))
        check_connection(first, one)
        check_connection(second, other)
        talks = [*talks_of(first, one)], [*talks_of(second, other)]
        if one is not None:  # whatever their paths
            talks[1][0].connection.target = talks[0][0].connection.target
        result = compare(*talks, ignored, later=limit)
    report(result, f"{before} {after}", json_=json_, junit=junit)


def _pair(connections: str | None) -> tuple[int | None, int | None]:
    if connections is None:
        return None, None
    try:
        one, other = map(int, connections.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{connections!r} is not two numbers with a comma", param_hint="--connections"
        ) from None
    return one, other


def ignored_of(paths: tuple[str, ...], file: Path | None, *, no_guess: bool) -> Ignored:
    """What does not count; raises click.BadParameter."""
    try:
        lines = read_text(file).splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WsproxyError(f"cannot read {file}: {why}") from None
    more = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        return Ignored([*paths, *more], guess=not no_guess)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--ignore") from None


def later_of(text: str | None) -> float | None:
    """Seconds; raises click.BadParameter."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--later") from None


def report(result: Comparison, name: str, *, json_: bool, junit: Path | None) -> None:
    """Print a comparison, and end with exit code 1 if there are differences."""
    if junit is not None:
        with writing(junit) as file:
            file.write(as_junit(result, name).encode())
    if json_:
        click.echo(json.dumps(as_json(result), ensure_ascii=False))
    else:
        for line in for_people(result, colour=coloured()):
            click.echo(line)
    if not result.same:
        raise click.exceptions.Exit(1)
