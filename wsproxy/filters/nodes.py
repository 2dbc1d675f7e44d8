"""A parsed filter as a tree: each node can test, explain itself and answer for many at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wsproxy.filters.jsonpaths import JsonPath
from wsproxy.filters.regex import Regex
from wsproxy.filters.subject import Subject
from wsproxy.filters.table import Rough, Table, mask_of
from wsproxy.filters.words import CONTROL, FLAGS, NUMBERS, REGEXES, Predicate
from wsproxy.protocol.frames import OPCODE, opcode_name
from wsproxy.text.units import show_duration


class Node(Protocol):
    """A part of a filter."""

    @property
    def cost(self) -> int:
        """0: answered by columns; 1: payloads have to be read; 2: and looked at one by one."""

    @property
    def decodes(self) -> bool:
        """Whether it asks what decoders make of a message."""

    @property
    def words(self) -> str:
        """What it lets through, in plain English."""

    def test(self) -> Predicate:
        """A function that says whether one frame or message passes."""

    def roughly(self, table: Table, within: int) -> Rough:
        """Which of `within` pass, as far as that can be said of many at once."""

    @property
    def patience(self) -> tuple[float, ...]:
        """The times, in seconds, that its requests may wait for an answer."""

    def names_control(self, *, wanted: bool) -> bool:
        """Whether it asks for control frames by name; with `wanted` False, whether its
        negation does.
        """


@dataclass(frozen=True)
class FlagNode:
    """`~ping`."""

    name: str
    cost: int = 0
    decodes: bool = False
    patience: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        return FLAGS[self.name].words

    def test(self) -> Predicate:
        return FLAGS[self.name].test

    def roughly(self, table: Table, within: int) -> Rough:
        return FLAGS[self.name].roughly(table)

    def names_control(self, *, wanted: bool) -> bool:
        return FLAGS[self.name].control if wanted else self.name == "data"


@dataclass(frozen=True)
class TextNode:
    """`~b REGEX`."""

    name: str
    regex: Regex
    patience: tuple[float, ...] = ()

    @property
    def cost(self) -> int:
        return {"content": 1, "decoded": 2}.get(REGEXES[self.name].kind, 0)

    @property
    def decodes(self) -> bool:
        return REGEXES[self.name].kind == "decoded"

    @property
    def words(self) -> str:
        return f"{REGEXES[self.name].words} matches {self.regex.source!r}"

    def test(self) -> Predicate:
        texts, found_in = REGEXES[self.name].texts, self.regex.found_in

        def test(subject: Subject) -> bool:
            found = texts(subject)
            return found_in(found) if isinstance(found, bytes) else any(map(found_in, found))

        return test

    def roughly(self, table: Table, within: int) -> Rough:
        kind = REGEXES[self.name].kind
        if kind == "connection":
            mask = table.of_connections(self.test())
            return Rough(mask, mask)
        if kind == "decoded":
            return Rough(within, 0)
        if kind == "note":
            return Rough(table.noted(), 0)
        if kind == "frame":
            return Rough(table.marked("violation").may, 0)
        if self.name == "bq":
            within &= table.full ^ table.downstream
        elif self.name == "bs":
            within &= table.downstream
        return table.containing(self.regex, within)

    def names_control(self, *, wanted: bool) -> bool:
        return False


COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "<=": (lambda a, b: a <= b, "is at most"),
    ">=": (lambda a, b: a >= b, "is at least"),
    "!=": (lambda a, b: a != b, "is not"),
    "<": (lambda a, b: a < b, "is less than"),
    ">": (lambda a, b: a > b, "is more than"),
    "=": (lambda a, b: a == b, "is"),
}


@dataclass(frozen=True)
class NumberNode:
    """`~size >10`."""

    name: str
    sign: str
    wanted: int
    cost: int = 0
    decodes: bool = False
    patience: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        wanted = opcode_name(self.wanted) if self.name == "opcode" else self.wanted
        return f"{NUMBERS[self.name].words} {COMPARISONS[self.sign][1]} {wanted}"

    def holds(self, number: int) -> bool:
        """Whether a number passes."""
        return COMPARISONS[self.sign][0](number, self.wanted)

    def test(self) -> Predicate:
        get, holds = NUMBERS[self.name].get, self.holds

        def test(subject: Subject) -> bool:
            number = get(subject)
            return number is not None and holds(number)

        return test

    def roughly(self, table: Table, within: int) -> Rough:
        if self.name == "conn":
            mask = table.numbered(self.holds)
        elif self.name == "c":
            mask = table.of_connections(self.test())
        elif self.name == "code":
            closes = bytes(byte & OPCODE == 8 for byte in range(256))
            return Rough(mask_of(table.firsts.translate(closes)), 0)
        else:
            if self.name == "opcode":
                passing = bytes(self.holds(byte & OPCODE) for byte in range(256))
                mask, odd = mask_of(table.firsts.translate(passing)), table.joined
            else:
                mask = mask_of(bytes(map(self.holds, table.lengths())))
                odd = table.joined | table.marked("cut").may
            return Rough(mask | odd, mask & ~odd)
        return Rough(mask, mask)

    def names_control(self, *, wanted: bool) -> bool:
        if self.name == "code":
            return wanted
        if self.name != "opcode":
            return False
        passing = {opcode for opcode in range(16) if self.holds(opcode) is wanted}
        return bool(passing) and passing <= set(CONTROL)


@dataclass(frozen=True)
class JsonNode:
    """`~json $.id>3`."""

    path: JsonPath
    sign: str
    """How what is found is compared with `wanted`; empty: whether anything is found."""
    wanted: str
    cost: int = 2
    decodes: bool = False
    patience: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        what = f"{COMPARISONS[self.sign][1]} {self.wanted}" if self.sign else "exists"
        return f"{self.path.path} in the JSON payload {what}"

    def test(self) -> Predicate:
        path, sign = self.path, self.sign
        if not sign:
            return lambda s: bool(path.find(s.payload))
        holds = self._holds()
        return lambda s: any(map(holds, path.find(s.payload)))

    def _holds(self) -> Callable[[Any], bool]:
        """Whether a value compares so: as JSON or text for = and !=; by order, numbers with
        numbers and texts with texts.
        """
        wanted = self.wanted
        if self.sign in ("=", "!="):
            equal = self.sign == "="
            return lambda value: (wanted in (value, json.dumps(value))) is equal
        compare = COMPARISONS[self.sign][0]
        try:
            number = float(wanted)
        except ValueError:
            return lambda value: isinstance(value, str) and compare(value, wanted)
        return lambda value: (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and compare(value, number)
        )

    def roughly(self, table: Table, within: int) -> Rough:
        return Rough(within, 0)

    def names_control(self, *, wanted: bool) -> bool:
        return False


@dataclass(frozen=True)
class UnansweredNode:
    """`~unanswered 5s`."""

    seconds: float
    cost: int = 2
    decodes: bool = True

    @property
    def patience(self) -> tuple[float, ...]:
        return (self.seconds,)

    @property
    def words(self) -> str:
        return f"a request that had no answer within {show_duration(self.seconds)}"

    def test(self) -> Predicate:
        seconds = self.seconds
        return lambda s: s.waited is not None and s.waited >= seconds

    def roughly(self, table: Table, within: int) -> Rough:
        return Rough(within, 0)

    def names_control(self, *, wanted: bool) -> bool:
        return False


@dataclass(frozen=True)
class Not:
    """`! FILTER`."""

    inner: Node

    @property
    def cost(self) -> int:
        return self.inner.cost

    @property
    def decodes(self) -> bool:
        return self.inner.decodes

    @property
    def patience(self) -> tuple[float, ...]:
        return self.inner.patience

    @property
    def words(self) -> str:
        return f"not ({self.inner.words})"

    def test(self) -> Predicate:
        inner = self.inner.test()
        return lambda s: not inner(s)

    def roughly(self, table: Table, within: int) -> Rough:
        may, sure = self.inner.roughly(table, within)
        return Rough(within & ~sure, within & ~may)

    def names_control(self, *, wanted: bool) -> bool:
        return self.inner.names_control(wanted=not wanted)


@dataclass(frozen=True)
class Some:
    """`A & B` or `A | B`."""

    every: bool
    parts: Sequence[Node]

    @property
    def cost(self) -> int:
        return max(part.cost for part in self.parts)

    @property
    def decodes(self) -> bool:
        return any(part.decodes for part in self.parts)

    @property
    def patience(self) -> tuple[float, ...]:
        return tuple(seconds for part in self.parts for seconds in part.patience)

    @property
    def words(self) -> str:
        texts = [part.words for part in self.parts]
        between = " and " if self.every else " or "
        return between.join(f"({text})" if " or " in text else text for text in texts)

    def test(self) -> Predicate:
        tests = [part.test() for part in self.parts]
        if self.every:
            return lambda s: all(test(s) for test in tests)
        return lambda s: any(test(s) for test in tests)

    def roughly(self, table: Table, within: int) -> Rough:
        # The cheap ones first; the others are asked only about what these left open.
        found = Rough(within, within) if self.every else Rough(0, 0)
        for part in sorted(self.parts, key=lambda part: part.cost):
            open_ = found.may if self.every else within & ~found.sure
            if not open_:
                break
            may, sure = part.roughly(table, open_)
            if self.every:
                found = Rough(found.may & may, found.sure & sure)
            else:
                found = Rough(found.may | (may & open_), found.sure | (sure & open_))
        return found

    def names_control(self, *, wanted: bool) -> bool:
        return any(part.names_control(wanted=wanted) for part in self.parts)
