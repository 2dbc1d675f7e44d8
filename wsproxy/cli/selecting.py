"""Options that choose a part of a capture."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import click

from wsproxy.cli.matching import matching
from wsproxy.cli.waits import Frames
from wsproxy.filters.language import FilterError, parse
from wsproxy.formats.selection import Selection
from wsproxy.payloads.rules import DecodeRule
from wsproxy.text.units import parse_duration

F = TypeVar("F", bound=Callable[..., Any])


class Time(click.ParamType[float]):
    """A moment: `2024-05-17T12:00:01.5`, `12:00:01` of today, or seconds since the epoch."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            return float(value)
        except ValueError:
            pass
        today = datetime.now().astimezone().strftime("%Y-%m-%d")
        try:
            return datetime.fromisoformat(
                f"{today}T{value}" if value[2:3] == ":" else value
            ).timestamp()
        except ValueError:
            self.fail(
                f"{value!r} is not a time; write for instance 2024-05-17T12:00:01, 12:00:01 (today)"
                " or seconds since the epoch",
                param,
                ctx,
            )


class AfterStart(NamedTuple):
    """A moment that is told from a capture's beginning."""

    seconds: float


class ShowTime(Time):
    """A moment, which may also be so long ago (`5m`), or after the beginning (`+90s`)."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if not isinstance(value, str):
            return value
        relative = re.fullmatch(r"\+?[\d.]+\s*(us|ms|s|min|m|h)", value)
        if relative is None:
            return super().convert(value, param, ctx)
        try:
            seconds = parse_duration(value.removeprefix("+"))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if value.startswith("+"):
            return AfterStart(seconds)
        return datetime.now().astimezone().timestamp() - seconds


def selection_options(function: F) -> F:
    """Add --connection, --filter, --since and --until."""
    for option in reversed(
        (
            click.option("--connection", type=int, metavar="N", help="Take connection N only."),
            click.option(
                "--filter", "filter_", metavar="FILTER", help="Take what FILTER lets through."
            ),
            click.option("--since", type=Time(), help="Take what passed at this time or later."),
            click.option("--until", type=Time(), help="Take what passed at this time or before."),
        )
    ):
        function = option(function)
    return function


def selection_of(
    capture: Frames | None,
    connection: int | None,
    filter_: str | None,
    since: float | None,
    until: float | None,
    rules: list[DecodeRule],
) -> Selection:
    """What the options say of a capture; None for one that is followed.

    Raises click.BadParameter for a filter that cannot be read.
    """
    selection = Selection(connection, None, since, until)
    try:
        found = parse(filter_) if filter_ else None
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    if found is None:
        return selection
    if not found.decodes:
        return replace(selection, matches=found.matches)
    if capture is None:
        raise click.BadParameter(
            "what decoders say cannot be asked with --follow; export when all is recorded",
            param_hint="--filter",
        )
    return replace(selection, ids=matching(capture, connection, found, rules))
