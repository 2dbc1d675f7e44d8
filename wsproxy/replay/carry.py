"""Values from answers that go into later messages: what the server newly said replaces what it
said then.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any

import jsonpath

from wsproxy.replay.said import NOT_JSON, Said, json_of

SHORTEST = 4
"""Characters of a value that is replaced inside of text that is not JSON."""


class Carried:
    """The values at some JSONPaths, recorded and new."""

    def __init__(self, paths: Iterable[str], recorded: Iterable[Said]) -> None:
        """`recorded` are the server's messages. Raises ValueError for what is not a JSONPath."""
        self._paths: list[Any] = []
        for path in paths:
            try:
                self._paths.append(jsonpath.compile(path))
            except jsonpath.JSONPathError as error:
                raise ValueError(f"{path!r} is not a JSONPath: {error}") from None
        self._then: list[deque[Any]] = [deque() for _ in self._paths]
        self._now: list[tuple[Any, Any]] = []
        for one in recorded if self._paths else ():
            for queue, path in zip(self._then, self._paths, strict=True):
                queue.extend(_found(path, one.value))

    def heard(self, content: bytes) -> None:
        """Take note of what the server says now."""
        if not self._paths:
            return
        value = json_of(content)
        for queue, path in zip(self._then, self._paths, strict=True):
            for now in _found(path, value):
                if queue:
                    then = queue.popleft()
                    self._now = [pair for pair in self._now if pair[0] != then]
                    self._now.append((then, now))

    def put_in(self, content: bytes) -> bytes:
        """A message of the client with the new values in it."""
        if not self._now:
            return content
        value = json_of(content)
        if value is NOT_JSON:
            for then, now in self._now:
                if isinstance(then, str) and len(then) >= SHORTEST:
                    content = content.replace(then.encode(), str(now).encode())
            return content
        return replaced(content, value, self._now)


def replaced(content: bytes, value: Any, pairs: list[tuple[Any, Any]]) -> bytes:
    """`content`, which is `value` as JSON, with some values in place of others."""
    changed = _replace(value, pairs)
    if changed == value:
        return content
    prefix = content[: len(content) - len(content.lstrip(b"0123456789"))]
    return prefix + json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode()


def _replace(value: Any, pairs: list[tuple[Any, Any]]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(one, pairs) for key, one in value.items()}
    if isinstance(value, list):
        return [_replace(one, pairs) for one in value]
    for then, now in pairs:
        if type(value) is type(then) and value == then:
            return now
        if (
            isinstance(value, str) and isinstance(then, str) and isinstance(now, str)
            and len(then) >= SHORTEST and then in value
        ):  # fmt: skip
            return value.replace(then, now)  # "Bearer TOKEN"
    return value


def _found(path: Any, value: Any) -> list[Any]:
    if value is NOT_JSON:
        return []
    return [one for one in path.findall(value) if isinstance(one, (str, int, float))]
