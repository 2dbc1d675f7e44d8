"""Sizes and durations as values of options."""

from __future__ import annotations

import click

from wsproxy.text.units import parse_duration, parse_size


class Size(click.ParamType[int]):
    """Bytes, with a unit or none."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Duration(click.ParamType[float]):
    """Seconds, with a unit."""

    name = "time"

    def __init__(self, least: float = 0.0) -> None:
        """`least` in seconds."""
        self._least = least

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds < self._least:
            self.fail(f"{value} is too short; {self._least:g}s is the least", param, ctx)
        return seconds
