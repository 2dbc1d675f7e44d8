"""Options that choose a part of a capture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from wsproxy.filters.language import FilterError, parse
from wsproxy.formats.selection import Selection

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
                f"{value!r} is no time; write for instance 2024-05-17T12:00:01, 12:00:01 (today)"
                " or seconds since the epoch",
                param,
                ctx,
            )


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
    connection: int | None, filter_: str | None, since: float | None, until: float | None
) -> Selection:
    """What the options say; raises click.BadParameter for a filter that cannot be read."""
    try:
        matches = parse(filter_).matches if filter_ else None
    except FilterError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    return Selection(connection, matches, since, until)
