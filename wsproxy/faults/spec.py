"""A named fault: its kind and attributes, and where and when it strikes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wsproxy.errors import FaultError
from wsproxy.faults.attributes import (
    BOOLEAN,
    DURATION,
    SHARE,
    TEXT,
    Unit,
    attributes_of,
    choice,
    whole,
)
from wsproxy.faults.base import Fault, Scope
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.filters.language import Filter, FilterError, parse_passing
from wsproxy.model.records import Direction
from wsproxy.text.units import show_duration
from wsproxy.text.words import did_you_mean

DIRECTION = choice("upstream", "downstream", "both")


def _filter(value: Any) -> str:
    try:
        parse_passing(TEXT.parse(value))
    except FilterError as error:
        raise ValueError(str(error)) from None
    return str(value)


FIELDS: dict[str, tuple[Unit, str]] = {
    "name": (TEXT, "Its own name; without one, its type."),
    "type": (TEXT, "The kind of fault."),
    "direction": (
        DIRECTION,
        "`downstream` is what the client receives (the default), `upstream` what it sends.",
    ),
    "toxicity": (SHARE, "The share of connections that it is on; 1 unless given."),
    "enabled": (BOOLEAN, "Whether it is on; true unless given."),
    "match": (
        Unit("a filter", _filter, schema={"type": "string"}),
        "A filter that a message has to pass; `~u` and `~h` look at its connection.",
    ),
    "probability": (SHARE, "The chance for each message that it passes this far."),
    "every": (whole(1), "Only every n-th message."),
    "first": (whole(1), "Only the first n messages."),
    "nth": (whole(1), "Only the n-th message."),
    "after": (DURATION, "Not before this long after the connection opened (or it was added)."),
    "for": (DURATION, "Not longer than this, from then on."),
}
"""What every fault can be told, beside its attributes."""

_MESSAGE_CONDITIONS = ("match", "probability", "every", "first", "nth")


@dataclass(frozen=True, slots=True)
class Spec:
    """Immutable: a change makes another one."""

    name: str
    fault: Fault
    direction: str = "downstream"
    toxicity: float = 1.0
    enabled: bool = True
    match: Filter | None = None
    probability: float = 1.0
    every: int | None = None
    first: int | None = None
    nth: int | None = None
    after: float = 0.0
    lasts: float | None = None
    """In the files it is called `for`."""

    def on(self, direction: Direction) -> bool:
        """Whether it is about a direction."""
        return self.direction in ("both", direction.name.lower())

    @property
    def waits_for_a_message(self) -> bool:
        """Whether it has conditions that only a message can meet."""
        return (
            self.match is not None
            or self.probability < 1
            or any(count is not None for count in (self.every, self.first, self.nth))
        )

    def as_json(self) -> dict[str, Any]:
        """What `parse_spec` reads."""
        return {
            "name": self.name,
            "type": self.fault.type,
            "direction": self.direction,
            "toxicity": self.toxicity,
            "enabled": self.enabled,
            "match": self.match.source if self.match else None,
            "probability": self.probability,
            "every": self.every,
            "first": self.first,
            "nth": self.nth,
            "after": show_duration(self.after),
            "for": show_duration(self.lasts) if self.lasts is not None else None,
            "attributes": {
                item.name: None if value is None else item.unit.show(value)
                for item in attributes_of(type(self.fault))
                for value in (getattr(self.fault, item.name),)
            },
        }

    def explain(self) -> str:
        """What will happen, in plain English."""
        parts = [f"{self.name}: {self.fault.explain()}"]
        upgrades = self.fault.scope is Scope.UPGRADES
        thing = "handshake" if upgrades else "message"
        if not upgrades:
            parts.append(_DIRECTIONS[self.direction])
        if self.match is not None:
            parts.append(f"only if: {self.match.explain()}")
        if self.nth is not None:
            parts.append(f"only {thing} {self.nth}")
        if self.every is not None:
            parts.append(f"only every {_ordinal(self.every)} {thing}")
        if self.first is not None:
            parts.append(f"only the first {self.first} {thing}s")
        if self.probability < 1:
            parts.append(f"with a chance of {self.probability:.4g} for each {thing}")
        if self.toxicity < 1:
            parts.append(f"on {self.toxicity * 100:.4g} % of connections")
        if self.after:
            since = "it was added" if upgrades else "the connection opened"
            parts.append(f"from {show_duration(self.after)} after {since}")
        elif self.fault.timed and not self.waits_for_a_message:
            parts.append("as soon as the connection is open")
        if self.lasts is not None:
            parts.append(f"for {show_duration(self.lasts)}")
        if not self.enabled:
            parts.append("but it is switched off")
        return ", ".join(parts)


MAX_NAME = 200
"""Characters of a fault's name: it stands in the cause of every message that it struck."""

_DIRECTIONS = {
    "upstream": "from the client to the server",
    "downstream": "from the server to the client",
    "both": "in both directions",
}


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 // 10 != 1 else "th"
    return f"{number}{last}"


def parse_spec(raw: Any, taken: Iterable[str] = ()) -> Spec:
    """Read a fault as JSON or YAML has it. Its attributes may stand beside the other fields.

    A fault without a name gets its type's, with a number if that is among `taken`.
    Raises FaultError.
    """
    if not isinstance(raw, dict):
        raise FaultError("a fault is a mapping with a type, for instance {type: latency, ...}")
    kind = raw.get("type")
    if kind is None:
        raise FaultError(f"a fault needs a type{did_you_mean('', FAULT_TYPES)}", "type")
    if not isinstance(kind, str) or kind not in FAULT_TYPES:
        raise FaultError(
            f"there is no fault {kind!r:.80}{did_you_mean(str(kind), FAULT_TYPES)}", "type"
        )
    known = attributes_of(FAULT_TYPES[kind])
    names = [item.name for item in known]
    nested = raw.get("attributes") or {}
    if not isinstance(nested, dict):
        raise FaultError("attributes: this is not a mapping of names to values", "attributes")
    fields: dict[str, Any] = {}
    given: dict[str, Any] = {}
    for name, value in raw.items():
        if name == "stream" and "direction" not in raw:
            # toxiproxy's word for it.
            fields["direction"] = _parsed(DIRECTION, name, value)
        elif name in FIELDS:
            fields[name] = value
        elif name in names:
            given[name] = value
        elif name not in ("attributes", "strikes"):
            hint = did_you_mean(str(name), [*FIELDS, *names])
            raise FaultError(f"{kind} has no field {name!r:.80}{hint}", str(name))
    for name, value in nested.items():
        if name not in names:
            hint = did_you_mean(str(name), names) if names else "; it has none"
            raise FaultError(f"{kind} has no attribute {name!r:.80}{hint}", str(name))
        given[name] = value
    values = {
        item.name: _parsed(item.unit, item.name, given[item.name])
        for item in known
        if given.get(item.name) is not None
    }
    for item in known:
        if item.required and item.name not in values:
            raise FaultError(f"{kind} needs the attribute {item.name}: {item.unit.words}", "type")
    fault = FAULT_TYPES[kind](**values)
    try:
        fault.check()
    except ValueError as error:
        raise FaultError(f"{kind}: {error}", "type") from None
    return _spec(fault, fields, taken)


def _spec(fault: Fault, raw: dict[str, Any], taken: Iterable[str]) -> Spec:
    values = {
        name: _parsed(FIELDS[name][0], name, value)
        for name, value in raw.items()
        if value is not None and name != "type"
    }
    name = values.pop("name", None) or _free(fault.type, set(taken))
    if len(name) > MAX_NAME:
        raise FaultError(f"name: a fault's name has at most {MAX_NAME} characters", "name")
    if "for" in values:
        values["lasts"] = values.pop("for")
    if "match" in values:
        values["match"] = parse_passing(values["match"]) if values["match"].strip() else None
    return Spec(name, fault, **values)


def _parsed(unit: Unit, name: str, value: Any) -> Any:
    try:
        return unit.parse(value)
    except ValueError as error:
        raise FaultError(f"{name}: {error}", name) from None


def _free(kind: str, taken: set[str]) -> str:
    if kind not in taken:
        return kind
    number = 2
    while f"{kind}-{number}" in taken:
        number += 1
    return f"{kind}-{number}"
