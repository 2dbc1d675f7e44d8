"""replace: messages that say something else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from wsproxy.faults.attributes import JSON, REGEX, TEXT, attribute
from wsproxy.faults.base import Delivery, Fault, FaultContext, message_of
from wsproxy.filters.regex import Regex


@dataclass(frozen=True)
class Replace(Fault):
    r"""Replaces a part of messages' content.

    Either what a regular expression finds (`\1` in the replacement is its first group), or the
    value that a JSON pointer (RFC 6901) leads to. The receiver sees the changed message; where
    nothing is found, or the content is not JSON, the message passes as it is.
    """

    type: ClassVar[str] = "replace"
    example: ClassVar[str] = "replace:pointer=/price,value=-1"

    pattern: str | None = attribute(REGEX, "What to look for.", None)
    replacement: str = attribute(TEXT, "What to put in its place.", "")
    pointer: str | None = attribute(TEXT, "Where in the JSON, for instance /user/name.", None)
    value: Any = attribute(JSON, "The JSON value to put there.", None)

    def explain(self) -> str:
        if self.pattern is not None:
            return f"replaces what matches {self.pattern!r} by {self.replacement!r}"
        return f"replaces the value at {self.pointer} by {json.dumps(self.value)}"

    def check(self) -> None:
        if (self.pattern is None) == (self.pointer is None):
            raise ValueError("give either pattern and replacement, or pointer and value")
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError(f"the pointer {self.pointer!r} must begin with /")
        if self.pattern is not None:
            try:
                self._check_groups()
            except (re.error, IndexError) as error:
                raise ValueError(f"replacement: {error}") from None

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        in_flight = message_of(delivery)
        assert delivery is not None
        if not in_flight.readable:
            return [delivery]
        before = in_flight.content
        after = self._substitute(before) if self.pattern is not None else self._set(before)
        if after != before:
            context.struck("content replaced", in_flight, before, after)
            in_flight.change(after, context.cause)
        return [delivery]

    def _check_groups(self) -> None:
        """Raises re.error, IndexError where `replacement` names a group that is not there."""
        compiled = _compiled(self.pattern)
        names = {index: bytes(name).decode() for name, index in compiled.groupindex.items()}
        groups = range(1, compiled.groups + 1)
        like = "".join(f"(?P<{names[n]}>)" if n in names else "()" for n in groups)
        re.sub(like.encode(), self.replacement.encode(), b"")

    def _substitute(self, content: bytes) -> bytes:
        changed: bytes = _compiled(self.pattern).sub(self.replacement.encode(), content)
        return changed

    def _set(self, content: bytes) -> bytes:
        from jsonpath import JSONPatch, JSONPatchError, JSONPointerError

        assert self.pointer is not None
        try:
            document = json.loads(content)
            changed = JSONPatch().replace(self.pointer, self.value).apply(document)
        except (ValueError, RecursionError, JSONPatchError, JSONPointerError):
            return content
        return json.dumps(changed, ensure_ascii=False).encode()


@lru_cache(maxsize=64)
def _compiled(pattern: str | None) -> Any:
    assert pattern is not None
    return Regex(pattern, ignore_case=False).compiled
