"""Two conversations compared: what is missing, extra, moved, changed, later.

Each direction is compared for itself, and so is each kind of message in it: between kinds, and
between directions, no order is demanded, for independent streams come in any order. Within a kind,
messages that say the same are matched first (a longest increasing sequence of them is in order, the
rest moved), then those between two matches in their order; what is left is missing or extra.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wsproxy.replay.changes import Change, changes
from wsproxy.replay.said import NOT_JSON, Said, Talk
from wsproxy.replay.volatile import Ignored, is_volatile

Match = tuple[Said, Said]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same."""

    what: str
    """`missing`, `extra`, `moved`, `changed`, `later`, `connection missing`, `connection extra`."""
    path: str
    """Of the connection."""
    connection: int
    """Its number in the first capture, or in the second where the first has none."""
    before: Said | None = None
    after: Said | None = None
    changes: list[Change] = field(default_factory=list)
    seconds: float = 0.0
    """Of `later`: how much longer the answer took."""


@dataclass(slots=True)
class Comparison:
    """What came of comparing."""

    differences: list[Difference] = field(default_factory=list)
    matched: int = 0
    """Messages that are in both."""
    connections: int = 0
    """Connections that are in both."""
    ignored: dict[str, int] = field(default_factory=dict)
    """Differences that did not count, by path."""

    @property
    def same(self) -> bool:
        return not self.differences


def compare(
    before: Iterable[Talk],
    after: Iterable[Talk],
    ignored: Ignored | None = None,
    *,
    later: float | None = None,
) -> Comparison:
    """Compare two captures; `later` reports answers that took so many seconds longer."""
    ignored = ignored or Ignored()
    result = Comparison(ignored=ignored.seen)
    waiting: dict[str, deque[Talk]] = defaultdict(deque)
    for talk in after:
        waiting[talk.path].append(talk)
    for talk in before:
        there = waiting[talk.path]
        if not there:
            gone = Difference("connection missing", talk.path, talk.connection.id)
            result.differences.append(gone)
            continue
        result.connections += 1
        compare_talks(talk, there.popleft(), ignored, result, later=later)
    for talks in waiting.values():
        for talk in talks:
            new = Difference("connection extra", talk.path, talk.connection.id)
            result.differences.append(new)
    return result


def compare_talks(
    before: Talk,
    after: Talk,
    ignored: Ignored,
    result: Comparison,
    *,
    later: float | None = None,
) -> None:
    """Compare two connections into `result`."""
    path, number = before.path, before.connection.id
    groups: dict[tuple[int, str], tuple[list[Said], list[Said]]] = defaultdict(lambda: ([], []))
    for side, talk in enumerate((before, after)):
        for one in talk.messages:
            groups[one.direction, one.kind][side].append(one)
    found: list[Difference] = []
    matches: list[Match] = []
    for old, new in groups.values():
        _compare_kind(old, new, path, number, ignored, found, matches)
    result.matched += len(matches)
    if later is not None:
        found += _later(before, after, matches, later)
    found.sort(key=_place)
    result.differences += found


def _place(difference: Difference) -> int:
    one = difference.before or difference.after
    return one.place if one else 0


def _compare_kind(
    old: list[Said],
    new: list[Said],
    path: str,
    number: int,
    ignored: Ignored,
    found: list[Difference],
    matches: list[Match],
) -> None:
    fixed, moved = _same(old, new, ignored)
    found += [Difference("moved", path, number, a, b) for a, b in moved]
    matches += fixed
    matches += moved
    taken_old = {id(a) for a, _ in (*fixed, *moved)}
    taken_new = {id(b) for _, b in (*fixed, *moved)}
    rest_old = deque(one for one in old if id(one) not in taken_old)
    rest_new = deque(one for one in new if id(one) not in taken_new)
    # Between two messages that are the same, what is left is paired in its order.
    for a, b in (*sorted(fixed, key=lambda match: match[0].place), (None, None)):
        gap_old = _until(rest_old, a)
        gap_new = _until(rest_new, b)
        for one, other in zip(gap_old, gap_new, strict=False):
            matches.append((one, other))
            differing = changes(one, other, ignored)
            if differing:
                found.append(Difference("changed", path, number, one, other, differing))
        common = min(len(gap_old), len(gap_new))
        found += [Difference("missing", path, number, one) for one in gap_old[common:]]
        found += [Difference("extra", path, number, None, one) for one in gap_new[common:]]


def _until(rest: deque[Said], stop: Said | None) -> list[Said]:
    taken = []
    while rest and (stop is None or rest[0].place < stop.place):
        taken.append(rest.popleft())
    return taken


def _same(old: list[Said], new: list[Said], ignored: Ignored) -> tuple[list[Match], list[Match]]:
    """Messages that say the same: those in order, and those that moved."""
    places: dict[str, deque[int]] = defaultdict(deque)
    for index, one in enumerate(new):
        places[_essence(one, ignored)].append(index)
    pairs: list[tuple[int, int]] = []
    for index, one in enumerate(old):
        there = places.get(_essence(one, ignored))
        if there:
            pairs.append((index, there.popleft()))
    kept = _increasing([b for _, b in pairs])
    fixed = [(old[a], new[b]) for place, (a, b) in enumerate(pairs) if place in kept]
    moved = [(old[a], new[b]) for place, (a, b) in enumerate(pairs) if place not in kept]
    return fixed, moved


def _increasing(values: list[int]) -> set[int]:
    """The places of a longest increasing sequence (n log n)."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(at[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        at[length : length + 1] = [place]
    kept = set()
    place = at[-1] if at else -1
    while place >= 0:
        kept.add(place)
        place = before[place]
    return kept


def _essence(one: Said, ignored: Ignored) -> str:
    """A message less what does not count: equal for messages that say the same."""
    if one.value is NOT_JSON:
        return f"{one.opcode} {one.content.hex()}"
    return json.dumps(_reduced("$", "", one.value, ignored), sort_keys=True)


def _reduced(path: str, name: str, value: Any, ignored: Ignored) -> Any:
    if ignored.given(path):
        return "?"
    if isinstance(value, dict):
        return {key: _reduced(f"{path}.{key}", key, one, ignored) for key, one in value.items()}
    if isinstance(value, list):
        return [_reduced(f"{path}[{i}]", name, one, ignored) for i, one in enumerate(value)]
    if ignored.guess and is_volatile(name, value, value):
        return "?"
    return value


def _later(before: Talk, after: Talk, matches: list[Match], limit: float) -> list[Difference]:
    """Answers that took longer, measured from the request or from the message before."""
    waits_old, waits_new = _waits(before), _waits(after)
    found = []
    for a, b in matches:
        more = waits_new.get(b.place, 0.0) - waits_old.get(a.place, 0.0)
        if more >= limit and b.place in waits_new:
            found.append(Difference("later", before.path, before.connection.id, a, b, seconds=more))
    return found


def _waits(talk: Talk) -> dict[int, float]:
    """How long each message of the server took after what it answers."""
    waits: dict[int, float] = {}
    asked: dict[str, float] = {}
    last: float | None = None
    for one in talk.messages:
        if one.direction == 0:
            last = one.time
            if one.asks is not None:
                asked[one.asks] = one.time
            continue
        start = asked.pop(one.answers, last) if one.answers is not None else last
        if start is not None:
            waits[one.place] = one.time - start
        last = None
    return waits
