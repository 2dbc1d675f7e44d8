"""What a fault can be told: attributes with a unit, a default and a line of documentation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wsproxy.filters.regex import Regex
from wsproxy.text.units import (
    parse_duration,
    parse_rate,
    parse_size,
    show_duration,
    show_rate,
    show_size,
)
from wsproxy.text.words import did_you_mean


@dataclass(frozen=True, slots=True)
class Unit:
    """A kind of value: how it is read, shown, and described to people and to editors."""

    words: str
    """e.g. `a duration such as 200ms`."""
    parse: Callable[[Any], Any]
    """From what a file, a request or the command line has; raises ValueError."""
    show: Callable[[Any], Any] = lambda value: value
    """Back to what `parse` reads, as JSON can have it."""
    schema: dict[str, Any] = field(default_factory=dict)


class Attribute(NamedTuple):
    """One attribute of a fault."""

    name: str
    unit: Unit
    doc: str
    default: Any
    required: bool


def attribute(unit: Unit, doc: str, default: Any = dataclasses.MISSING) -> Any:
    """A field of a fault's dataclass; without `default` it has to be given."""
    return dataclasses.field(default=default, metadata={"unit": unit, "doc": doc})


def attributes_of(fault: type) -> list[Attribute]:
    """The attributes that a fault's dataclass declares, in order."""
    missing = dataclasses.MISSING
    return [
        Attribute(
            item.name,
            item.metadata["unit"],
            item.metadata["doc"],
            None if item.default is missing else item.default,
            item.default is missing,
        )
        for item in dataclasses.fields(fault)
    ]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; put it in quotes")  # noqa: TRY004 - see Unit.parse
    return value


def _duration(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return parse_duration(str(value))
    return parse_duration(_text(value))


def _size(value: Any) -> int:
    return _count(value) if isinstance(value, int) else parse_size(_text(value))


def _rate(value: Any) -> int:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = str(value) if number else _text(value)
    rate = 0 if text.strip() == "0" else parse_rate(text)
    if rate < 1:
        raise ValueError("nothing passes at a rate of 0; use the fault stall for that")
    return rate


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return int(_text(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number") from None


def _count(value: Any) -> int:
    return int(_between(_whole(value), 0, None))


def _between(number: Any, low: float, high: float | None) -> Any:
    if number < low or (high is not None and number > high):
        raise ValueError(f"{number} is not {_range(low, high)}")
    return number


def _range(low: float, high: float | None) -> str:
    return f"from {low} to {high}" if high is not None else f"at least {low}"


def _share(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(f"{value} is not a number")  # noqa: TRY004 - see Unit.parse
    text = str(value).strip()
    try:
        number = float(text[:-1]) / 100 if text.endswith("%") else float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    return float(_between(number, 0, 1))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "on", "1"):
        return True
    if str(value).lower() in ("false", "no", "off", "0"):
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def _regex(value: Any) -> str:
    return Regex(_text(value), ignore_case=False).source


def _json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


DURATION = Unit(
    "a duration such as 200ms, 2s or 1m", _duration, show_duration, {"type": ["string", "integer"]}
)
SIZE = Unit(
    "a size such as 4096 or 64KB", _size, show_size, {"type": ["string", "integer"], "minimum": 0}
)
RATE = Unit(
    "a rate such as 64KB/s",
    _rate,
    show_rate,
    {"type": "string"},
)
SHARE = Unit(
    "a number from 0 to 1 or a percentage such as 5%",
    _share,
    schema={"type": ["number", "string"], "minimum": 0, "maximum": 1},
)
BOOLEAN = Unit("true or false", _boolean, schema={"type": "boolean"})
TEXT = Unit("text", _text, schema={"type": "string"})
REGEX = Unit("a regular expression", _regex, schema={"type": "string", "format": "regex"})
JSON = Unit("any JSON value", _json)


def whole(low: int, high: int | None = None) -> Unit:
    """A whole number of a range."""
    schema = {"type": "integer", "minimum": low} | ({"maximum": high} if high is not None else {})
    return Unit(
        f"a whole number {_range(low, high)}",
        lambda value: _between(_whole(value), low, high),
        schema=schema,
    )


def choice(*words: str) -> Unit:
    """One of some words."""

    def parse(value: Any) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is not possible{did_you_mean(str(value), words)}")
        return str(value)

    return Unit(f"one of {', '.join(words)}", parse, schema={"enum": list(words)})
