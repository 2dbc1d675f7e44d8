"""What a page asks rows for beyond what each row has: columns, colours, the text around a hit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wsproxy.faults.registry import strike_marks
from wsproxy.filters.jsonpaths import JsonPath, JsonPathError
from wsproxy.filters.language import FilterError, Predicate, parse
from wsproxy.filters.regex import Regex, RegexError
from wsproxy.filters.subject import subject_of
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.sayings import Said, describe
from wsproxy.protocol.frames import Opcode
from wsproxy.render.text import preview
from wsproxy.web.errors import ApiError

MAX_COLUMNS = 8
"""Paths of one list."""

MAX_COLOURS = 8
"""Colour rules of one list."""

CELL = 80
"""Characters of a cell."""

BEFORE = 40
"""Bytes before a hit that its snippet begins with."""

SNIPPET = 640
"""Bytes of a content that a snippet is made of."""

READ_BYTES = 64 * 1024
"""Of a content, for columns and snippets of a list."""

FED_BYTES = 4 * 1024
"""The same for the feed, which has the relay's loop."""


class Extras:
    """The wishes of one list, ready to be applied to its rows."""

    def __init__(
        self,
        columns: Sequence[str] = (),
        colours: Sequence[str] = (),
        hit: str = "",
        most: int = READ_BYTES,
    ) -> None:
        """`columns` are JSONPaths, `colours` filters, `hit` a regular expression (RE2).

        `most`: bytes of each content that are looked at. Raises ApiError.
        """
        if len(columns) > MAX_COLUMNS or len(colours) > MAX_COLOURS:
            raise ApiError(
                "bad_request", f"a list has at most {MAX_COLUMNS} columns and {MAX_COLOURS} colours"
            )
        try:
            self._paths = [JsonPath(path) for path in columns]
            self._colours: list[Predicate] = [parse(source).matches for source in colours]
            self._hit = Regex(hit).compiled if hit else None
        except JsonPathError as error:
            raise ApiError("bad_request", f"column: {error}") from None
        except FilterError as error:
            raise ApiError("bad_filter", f"colour: {error}") from None
        except RegexError as error:
            raise ApiError("bad_request", f"hit: {error}") from None
        self._most = most
        self.asked = json.dumps([*columns, None, *colours, None, hit])
        """Equal for those that want the same."""

    def __bool__(self) -> bool:
        return bool(self._paths or self._colours or self._hit)

    def of(
        self, seen: Seen, said: Said | None, connection: ConnectionRecord | None
    ) -> dict[str, Any]:
        """Of a whole frame: `columns` (texts or null), `colours` (places of rules), `preview`."""
        found: dict[str, Any] = {}
        if self._paths:
            values = self._values(seen, said)
            found["columns"] = [_cell(path, values) for path in self._paths]
        if self._colours:
            subject = subject_of(seen.record, seen.message, connection, strike_marks(seen.faults))
            describe(subject, said.packets if said is not None else ())
            found["colours"] = [
                place for place, matches in enumerate(self._colours) if matches(subject)
            ]
        if self._hit is not None:
            snippet = self._snippet(seen)
            if snippet is not None:
                found["preview"] = snippet
        return found

    def _values(self, seen: Seen, said: Said | None) -> list[Any]:
        """The JSON of a message, or what decoders found in it."""
        content = _content(seen)[1]
        if content[:1] in (b"{", b"[") and len(content) <= self._most:
            try:
                return [json.loads(content)]
            except (ValueError, RecursionError):
                pass
        return [one.tree for one in said.packets if one.tree is not None] if said else []

    def _snippet(self, seen: Seen) -> str | None:
        """The text around the first hit, where the beginning does not show it."""
        opcode, content = _content(seen)
        if opcode != Opcode.TEXT or self._hit is None:
            return None
        match = self._hit.search(content[: self._most])
        if match is None or match.end() <= BEFORE * 3:
            return None
        start = max(match.start() - BEFORE, 0)
        while start and start < len(content) and content[start] & 0xC0 == 0x80:
            start -= 1  # not inside of a character
        return ("…" if start else "") + preview(
            Opcode.TEXT, content[start : start + SNIPPET], length=len(content) - start
        )


def _content(seen: Seen) -> tuple[int, bytes]:
    frame, message = seen.record.frame, seen.message
    if message is not None:
        return (message.opcode if message.opaque is None else Opcode.BINARY), message.content
    return (Opcode.BINARY if frame.rsv1 else frame.opcode), frame.payload


def _cell(path: JsonPath, values: Sequence[Any]) -> str | None:
    for value in values:
        found = path.find_in(value)
        if found:
            text = found[0] if isinstance(found[0], str) else _json(found[0])
            return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
    return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def extras_of(asked: Mapping[str, Any], most: int = READ_BYTES) -> Extras:
    """From a JSON object with `columns`, `colours` and `hit`, as the feed is sent; raises ApiError."""
    texts = {
        name: [str(each) for each in asked.get(name) or [] if each]
        for name in ("columns", "colours")
    }
    return Extras(texts["columns"], texts["colours"], str(asked.get("hit") or ""), most)
