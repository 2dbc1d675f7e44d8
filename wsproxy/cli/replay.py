"""`wsproxy replay`: the recorded client plays again, against any server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from wsproxy.captures.opening import opened
from wsproxy.cli.diff import ignored_of, later_of, report, report_options
from wsproxy.cli.export import check_connection
from wsproxy.cli.types import Parsed
from wsproxy.config import parse_upstream
from wsproxy.replay.client import How
from wsproxy.replay.compared import replay
from wsproxy.replay.said import talks_of

EPILOG = """\b
Examples:
  wsproxy replay today.wsproxy --to ws://localhost:8000
  wsproxy replay ticket.zip --to wss://staging.example --speed max \\
      --header 'Authorization: Bearer abc' --carry '$.token'

Exit code 0: the server answered as it did; 1: it did not.
"""


def parse_speed(text: str) -> float:
    """`10` for ten times as fast, `max` (0) for no pauses."""
    if text == "max":
        return 0.0
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise ValueError(f"{text!r} is not a speed; write for instance 1, 10 or max")
    return speed


@click.command("replay", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="URL", help="The server, without the recorded path.")
@click.option("--connection", type=int, metavar="N", help="Play connection N only.")
@click.option(
    "--speed",
    type=Parsed("speed", parse_speed),
    default="1",
    help="10: ten times as fast; max: without pauses.",
)
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Replaces a recorded one."
)
@click.option(
    "--carry", multiple=True, metavar="JSONPATH",
    help="What the server newly says there replaces what it said then in later messages.",
)  # fmt: skip
@click.option(
    "--patience", type=float, default=10.0, help="Seconds to wait for an answer.", show_default=True
)
@click.option("--insecure", is_flag=True, help="Don't check the server's certificate.")
@report_options
def command(
    capture: Path,
    to: str,
    connection: int | None,
    speed: float | None,
    headers: tuple[str, ...],
    carry: tuple[str, ...],
    patience: float,
    insecure: bool,
    ignore: tuple[str, ...],
    ignore_file: Path | None,
    no_guess: bool,
    later: str | None,
    json_: bool,
    junit: Path | None,
) -> None:
    """Open the recorded connections again, play the client, and compare the answers."""
    try:
        parse_upstream(to)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from None
    to = to.replace("http", "ws", 1) if to.startswith("http") else to
    pairs = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"{header!r} is not 'Name: value'", param_hint="--header")
        pairs.append((name.strip(), value.strip()))
    how = How(to, speed or None, pairs, carry, patience, insecure)
    ignored = ignored_of(ignore, ignore_file, no_guess=no_guess)
    limit = later_of(later)
    with opened(capture) as reader:
        check_connection(reader, connection)
        talks = [*talks_of(reader, connection)]
    try:
        result = asyncio.run(replay(talks, how, ignored, later=limit))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--carry") from None
    report(result, f"replay of {capture} to {to}", json_=json_, junit=junit)
