"""`wsproxy show`: a capture as text."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from wsproxy.captures.opening import any_capture
from wsproxy.cli.colour import coloured
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.cli.grouped import GroupedCommand
from wsproxy.cli.selecting import ShowTime
from wsproxy.cli.showing import Showing, Wanted
from wsproxy.payloads.rules import DecodeRule
from wsproxy.render.text import PREVIEW
from wsproxy.store.reader import Capture

EPILOG = """\b
Examples:
  wsproxy show api.wsproxy
  wsproxy show api.wsproxy --connection 3 --messages
  wsproxy show api.wsproxy --filter '~down & ~b "error"' --full
  wsproxy show api.wsproxy --filter ~violation --log-format table
  wsproxy show api.wsproxy --frame 17
  wsproxy show api.wsproxy --log-format jsonl | jq -r 'select(.text) | .text'
  wsproxy show api.wsproxy --follow -n 20
  wsproxy show api.wsproxy --http
"""

GROUPS = {
    "What is shown": (
        "--connection", "--messages", "--filter", "--since", "--until", "-n", "--frame", "--follow",
        "--http", "--request",
    ),
    "How": ("--log-format", "--headers", "--full", "--width", "--times", "--decode", "--color"),
}  # fmt: skip


@click.command("show", cls=GroupedCommand, groups=GROUPS, epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--connection", type=int, metavar="N", help="Show the frames of connection N.")
@click.option("--messages", is_flag=True, help="Show messages instead of frames.")
@click.option(
    "--filter",
    "filter_",
    metavar="FILTER",
    help="Show only what FILTER lets through, of all connections or of N.",
)
@click.option(
    "--since",
    type=ShowTime(),
    help="Show what passed then or later: 2024-05-17T12:00:01, 12:00:01 (today), 5m (ago), +90s"
    " (after the capture's beginning).",
)
@click.option("--until", type=ShowTime(), help="Show what passed then or before.")
@click.option("-n", "last", type=click.IntRange(1), metavar="N", help="Show the last N only.")
@click.option(
    "--frame", type=int, metavar="ID", help="Show one frame with every bit; tables have the ids."
)
@click.option("--http", is_flag=True, help="Show the requests of plain HTTP.")
@click.option(
    "--request", type=int, metavar="N", help="Show request N of plain HTTP, headers and bodies."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is captured, until Ctrl-C.")
@click.option(
    "--log-format",
    type=click.Choice(["table", "pretty", "jsonl"]),
    help="Rows in columns, lines as in the live log, or its JSON objects. Without it, connections"
    " as a table and frames as lines.",
)
@click.option("--headers", is_flag=True, help="Show the headers of the opening handshakes, too.")
@click.option("--full", is_flag=True, help="Show payloads whole.")
@click.option(
    "--width",
    "--log-width",
    "width",
    type=click.IntRange(0),
    default=PREVIEW,
    show_default=True,
    metavar="N",
    help="Characters shown of what a message says; 0 for all.",
)
@click.option(
    "--times",
    type=click.Choice(["absolute", "relative"]),
    default="absolute",
    show_default=True,
    help="The time of day, or seconds since the capture's beginning.",
)
@decode_option
def command(
    capture: Path,
    frame: int | None,
    request: int | None,
    follow: bool,
    width: int,
    full: bool,
    decode: tuple[list[DecodeRule], ...],
    **options: Any,
) -> None:
    """Show what CAPTURE holds: its connections, or with an option their frames or messages, or
    the requests of plain HTTP.

    A capture can be shown while the proxy still writes it.
    """
    wanted = Wanted(rules=flat(decode), width=0 if full else width, follow=follow, **options)
    with any_capture(capture) as path:
        if follow and path != capture:
            raise click.UsageError(f"{capture} is not being written; leave --follow")
        opened = Capture(path)
        try:
            showing = Showing(opened, wanted)
            if frame is not None:
                lines = showing.frame(frame)
            else:
                lines = showing.lines() if request is None else showing.request(request)
            try:
                _print(lines, paged=not follow)
            except KeyboardInterrupt:
                if not follow:
                    raise
            for line in showing.remarks():
                click.echo(line, err=True)
        finally:
            opened.close()


def _print(lines: Iterator[str], *, paged: bool) -> None:
    if paged and sys.stdout.isatty() and sys.stdin.isatty():
        os.environ.setdefault("LESS", "FRX")  # as git has it: what fits needs no pager
        click.echo_via_pager(_pieces(lines), color=coloured())
        return
    for line in lines:
        click.echo(line)


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """What makes these lines; click ends the last one."""
    yield from itertools.islice(lines, 1)
    yield from (f"\n{line}" for line in lines)
