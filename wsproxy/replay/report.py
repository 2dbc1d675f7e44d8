"""A comparison for people, as JSON, and as JUnit XML."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from wsproxy.replay.diff import Comparison, Difference
from wsproxy.replay.said import Said

SHOWN = 200
"""Differences that are listed for people."""

_COLOURS = {"missing": 31, "extra": 32, "moved": 36, "changed": 33, "later": 35}


def for_people(result: Comparison, *, colour: bool = False) -> list[str]:
    """Lines: the summary first, then each difference, then what did not count."""
    lines = [summary(result)]
    for difference in result.differences[:SHOWN]:
        lines += _lines(difference, colour=colour)
    left = len(result.differences) - SHOWN
    if left > 0:
        lines.append(f"… and {left:,} more (--json has all)")
    if result.ignored:
        paths = ", ".join(f"{path} ({count:,})" for path, count in _most(result.ignored))
        lines.append(f"left out: {paths}")
    return lines


def _most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return Counter(counts).most_common(12)


def summary(result: Comparison) -> str:
    """One line: what is the same, and how much is not."""
    same = f"{result.connections:,} connections and {result.matched:,} messages compared"
    if result.same:
        return f"no difference: {same}"
    counts = Counter(difference.what for difference in result.differences)
    return ", ".join(f"{count:,} {what}" for what, count in counts.items()) + f"; {same}"


def _lines(difference: Difference, *, colour: bool) -> list[str]:
    what = difference.what
    word = f"\x1b[{_COLOURS[what.split()[-1]]}m{what}\x1b[0m" if colour else what
    head = f"#{difference.connection} {difference.path} {word}"
    one = difference.before or difference.after
    if one is None:
        return [head]
    if what == "later":
        return [f"{head} by {difference.seconds:.3f} s: {_message(one)}"]
    return [f"{head} {_message(one)}", *(f"    {change}" for change in difference.changes)]


def _message(one: Said) -> str:
    arrow = "\N{DOWNWARDS ARROW}" if one.direction else "\N{UPWARDS ARROW}"
    return f"{arrow} {one.place + 1}: {one.text}"


def as_json(result: Comparison) -> dict[str, Any]:
    """Everything."""
    return {
        "same": result.same,
        "connections": result.connections,
        "messages": result.matched,
        "differences": [_object(difference) for difference in result.differences],
        "ignored": result.ignored,
    }


def _object(difference: Difference) -> dict[str, Any]:
    value: dict[str, Any] = {
        "what": difference.what,
        "path": difference.path,
        "connection": difference.connection,
    }
    for name, one in (("before", difference.before), ("after", difference.after)):
        if one is not None:
            value[name] = {
                "message": one.place + 1,
                "frame": one.frame,
                "direction": one.direction.name.lower(),
                "kind": one.kind,
                "text": one.text,
            }
    if difference.changes:
        value["changes"] = [change._asdict() for change in difference.changes]
    if difference.what == "later":
        value["seconds"] = round(difference.seconds, 6)
    return value


def as_junit(result: Comparison, name: str) -> str:
    """JUnit XML: a test case that passes, or one that fails for each difference."""
    cases = []
    for difference in result.differences:
        lines = "\n".join(_lines(difference, colour=False))
        cases.append(
            f"  <testcase classname={quoteattr('wsproxy ' + difference.path)}"
            f" name={quoteattr(lines.splitlines()[0])}>"
            f"<failure message={quoteattr(difference.what)}>{escape(lines)}</failure></testcase>"
        )
    if not cases:
        cases.append('  <testcase classname="wsproxy" name="no difference"/>')
    head = f'<testsuite name={quoteattr(name)} tests="{len(cases)}"'
    head += f' failures="{len(result.differences)}">'
    body = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in body) + "\n"
