"""What arguments and options are made of, as click sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from wsproxy.text.units import parse_duration, parse_size

T = TypeVar("T")


class Parsed(click.ParamType[T]):
    """A text that a function reads; it raises ValueError with what is wrong, in one line."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> T:
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SIZE = Parsed("size", parse_size)
"""Bytes, with a unit or none."""


def duration(least: float = 0.0) -> Parsed[float]:
    """Seconds, given with a unit; `least` in seconds."""

    def parse(text: str) -> float:
        seconds = parse_duration(text)
        if seconds < least:
            raise ValueError(f"{text} is too short; {least:g}s is the least")
        return seconds

    return Parsed("time", parse)
