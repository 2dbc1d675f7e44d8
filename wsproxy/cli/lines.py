"""How commands print frames: their options, and what makes the lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO, Any

import click

from wsproxy.cli.colour import coloured
from wsproxy.cli.decoding import decode_option
from wsproxy.log.printer import Jsonl, Pretty
from wsproxy.payloads.rules import DecodeRule


def line_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--log-format`, `--decode` and `--log-width`."""
    command = click.option(
        "--log-width",
        type=click.IntRange(0),
        default=120,
        show_default=True,
        metavar="N",
        help="Characters shown of what a message says; 0 for all.",
    )(command)
    return click.option(
        "--log-format",
        type=click.Choice(["pretty", "jsonl"]),
        default="pretty",
        show_default=True,
        help="Frames as lines for people or as JSON objects.",
    )(decode_option(command))


def lines_of(
    log_format: str, rules: Sequence[DecodeRule], width: int, stream: IO[Any] | None = None
) -> Pretty | Jsonl:
    """What makes the lines for a stream (standard output without one)."""
    if log_format == "jsonl":
        return Jsonl(rules)
    return Pretty(colour=coloured(stream), width=width, rules=rules)
