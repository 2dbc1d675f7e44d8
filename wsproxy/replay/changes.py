"""What changed in a message, as paths: `$.price 101.5 -> 99`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from wsproxy.replay.said import NOT_JSON, Said
from wsproxy.replay.volatile import Ignored

MAX_CHANGES = 50
"""Changes of a message that are listed."""

MAX_DEPTH = 64
"""Levels of a value that are looked into."""

_ABSENT = object()


class Change(NamedTuple):
    """A member that is not what it was."""

    path: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path} {self.before} -> {self.after}"


def changes(before: Said, after: Said, ignored: Ignored) -> list[Change]:
    """What changed from one message to another; empty where they say the same."""
    if before.content == after.content and before.opcode == after.opcode:
        return []
    if before.value is NOT_JSON or after.value is NOT_JSON:
        if ignored.takes("$", "", before.text, after.text):
            return []
        return [Change("$", before.text, after.text)]
    found: list[Change] = []
    for change in _walk("$", "", before.value, after.value, ignored, 0):
        found.append(change)
        if len(found) == MAX_CHANGES:
            break
    return found


def _walk(
    path: str, name: str, before: Any, after: Any, ignored: Ignored, depth: int
) -> Iterator[Change]:
    if before is after or (type(before) is type(after) and before == after):
        return
    if depth < MAX_DEPTH and isinstance(before, dict) and isinstance(after, dict):
        for key in (*before, *(key for key in after if key not in before)):
            yield from _walk(
                f"{path}.{key}", key, before.get(key, _ABSENT), after.get(key, _ABSENT), ignored,
                depth + 1,
            )  # fmt: skip
        return
    if depth < MAX_DEPTH and isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else _ABSENT
            other = after[index] if index < len(after) else _ABSENT
            yield from _walk(f"{path}[{index}]", name, one, other, ignored, depth + 1)
        return
    if not ignored.takes(path, name, before, after):
        yield Change(path, _show(before), _show(after))


def _show(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
