"""JSONPath (RFC 9535) with bounds, so that no path and no payload can stall the proxy."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

MAX_PATH = 200
"""Characters of a path."""

MAX_NESTING = 8
"""Brackets within brackets of a path."""

MAX_COMMAS = 4
"""Selectors beyond the first, in all brackets of a path together: each may double the work."""

MAX_FILTERS = 2
"""`?` of a path."""

MAX_JSON = 1024 * 1024
"""Bytes of a payload that a path looks at; a larger one does not match."""

MAX_JSON_DEEP = 64 * 1024
"""The same for a path with `..`, `*`, `:` or `?`, which may visit every value (0.7 us each)."""


class JsonPathError(ValueError):
    """A path that cannot be used; says why."""


@cache
def _environment() -> Any:
    from jsonpath import JSONPathEnvironment

    environment = JSONPathEnvironment()
    for function in ("match", "search"):  # they take regular expressions without a bound
        environment.function_extensions.pop(function, None)
    return environment


class JsonPath:
    """A path that finds values in JSON payloads."""

    def __init__(self, path: str) -> None:
        """Raises JsonPathError."""
        import jsonpath

        self.path = path
        bare = _without_strings(path)
        self._check(bare)
        try:
            self._compiled = _environment().compile(path)
        except (jsonpath.JSONPathError, RecursionError) as error:
            reason = (str(error) or "nested too deep").splitlines()[
                0
            ]  # the library draws a picture below it
            raise JsonPathError(f"{path!r} is not a JSONPath: {reason}") from None
        visits_all = any(mark in bare for mark in ("..", "*", ":", "?"))
        self.limit = MAX_JSON_DEEP if visits_all else MAX_JSON
        """Bytes of a payload that it looks at."""

    def find(self, payload: bytes) -> list[Any]:
        """The values found; none where the payload is not JSON or larger than `limit`."""
        if len(payload) > self.limit:
            return []
        try:
            return self.find_in(json.loads(payload))
        except (ValueError, RecursionError):
            return []

    def find_in(self, value: Any) -> list[Any]:
        """The values found in a JSON value, whatever its size."""
        import jsonpath

        try:
            found: list[Any] = self._compiled.findall(value)
        except (ValueError, TypeError, RecursionError, jsonpath.JSONPathError):
            return []
        return found

    def _check(self, bare: str) -> None:
        if len(self.path) > MAX_PATH:
            raise JsonPathError(f"a JSONPath has at most {MAX_PATH} characters")
        if bare.count("..") > 1:
            raise JsonPathError(f"{self.path!r}: a JSONPath may have `..` once")
        if "=~" in bare or "match(" in bare or "search(" in bare:
            raise JsonPathError(
                f"{self.path!r}: regular expressions in a JSONPath are not supported"
            )
        if bare.count(",") > MAX_COMMAS:
            raise JsonPathError(f"{self.path!r}: a JSONPath may have at most {MAX_COMMAS} commas")
        if bare.count("?") > MAX_FILTERS or bare.count("$") > 1:
            raise JsonPathError(
                f"{self.path!r}: a JSONPath may have at most {MAX_FILTERS} filters and one `$`"
            )
        depth = 0
        for character in bare:
            depth += (character in "[(") - (character in "])")
            if depth > MAX_NESTING:
                raise JsonPathError(
                    f"{self.path!r}: brackets are nested more than {MAX_NESTING} deep"
                )


def _without_strings(path: str) -> str:
    """`path` less what stands in quotes."""
    kept = []
    quote = ""
    escaped = False
    for character in path:
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        else:
            kept.append(character)
    return "".join(kept)
