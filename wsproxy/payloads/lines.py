"""Untrusted values in one safe line."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import category

from wsproxy.payloads.trees import CUT

BRIEF = 160
"""Characters that a value takes in a summary."""

_CONTROL = re.compile(r"[\0-\x08\x0e-\x1a\x1c\x1d\x7f]")
_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*\Z", re.ASCII)


def printable(text: str) -> str:
    """`text` with everything escaped that could steer a terminal or turn the line around."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or (char == _JOINER and _joins(text, index))
        else char.encode("unicode_escape").decode()
        for index, char in enumerate(text)
    )


_JOINER = "\u200d"


def _joins(text: str, index: int) -> bool:
    """Whether a joiner stands between two emoji, which it makes one."""
    before, after = text[max(index - 1, 0) : index], text[index + 1 : index + 2]
    # A variation selector or a skin tone may stand between.
    first = bool(before) and (category(before) in ("So", "Sk") or before == "\ufe0f")
    return first and bool(after) and category(after) == "So"


def size(count: int) -> str:
    """`13 B`, `8.4 MB`."""
    if count < 1000:
        return f"{count} B"
    number: float = count
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"
    return f"{number / 1000:.1f} TB"


def many(count: int, noun: str) -> str:
    """`1 attachment`, `2 attachments`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short_id(value: object) -> str:
    """An id as people tell ids apart: the first four characters of a UUID, else all of it."""
    text = str(value)
    if len(text) >= 32 and re.fullmatch(r"[0-9a-fA-F-]+(_\d+)*", text):
        return text[:4]
    return text if len(text) <= 40 else text[:39] + "…"


def data(content: bytes, length: int | None = None, limit: int = BRIEF) -> str:
    """Bytes with their size: as text if they are text, else in hexadecimal.

    `length` is the true length if `content` is only the beginning.
    """
    length = len(content) if length is None else length
    shown = readable(content, limit, whole=length == len(content))
    return f"{size(length)} {shown}" if shown else size(length)


def readable(content: bytes, limit: int = BRIEF, *, whole: bool = True) -> str:
    """The beginning of `content`: as text if it is text, else in hexadecimal."""
    head = content[: limit * 4]
    text = _text(head, whole=whole and len(head) == len(content))
    if text is None:
        more = "" if whole and len(content) <= limit // 4 else "…"
        return f"<{content[: limit // 4].hex()}{more}>"
    if len(text) > limit or len(head) < len(content) or not whole:
        text = text[: limit - 1] + "…"
    return printable(text)


def _text(head: bytes, *, whole: bool) -> str | None:
    """`head` as text; None if it is none, or has control characters that no text has."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if whole or error.start < len(head) - 3:
            return None
        text = head[: error.start].decode()
    return None if _CONTROL.search(text) else text


class _Full(Exception):  # noqa: N818 - no error: the line is full
    pass


def brief(value: Any, limit: int = BRIEF) -> str:
    """A value in one line of at most `limit` characters: `{count:2,names:["a"]}`."""
    pieces: list[str] = []
    room = limit

    def put(text: str) -> None:
        nonlocal room
        room -= len(text)
        pieces.append(text)
        if room < 0:
            raise _Full

    try:
        _write(value, put, limit, 0)
    except _Full:
        return printable("".join(pieces))[: limit - 1] + "…"
    return printable("".join(pieces))


def _write(value: Any, put: Any, limit: int, depth: int) -> None:
    if value is CUT or depth > 20:
        put("…")
    elif isinstance(value, str):
        put(_quoted(value[: limit + 1]))
    elif value is None or isinstance(value, bool):
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, (bytes, bytearray, memoryview)):
        put(f"<{size(len(value))}>")
    elif isinstance(value, dict):
        put("{")
        for index, (key, member) in enumerate(value.items()):
            name = key if isinstance(key, str) else brief(key, 40)
            plain = _PLAIN.match(name[: limit + 1])
            put(("," if index else "") + (name[: limit + 1] if plain else _quoted(name[:limit])))
            put(":")
            _write(member, put, limit, depth + 1)
        put("}")
    elif isinstance(value, (list, tuple, set, frozenset)):
        put("[")
        for index, element in enumerate(value):
            if index:
                put(",")
            _write(element, put, limit, depth + 1)
        put("]")
    else:
        put(scalar(value)[: limit + 1])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


def scalar(value: object) -> str:
    """Numbers, dates and whatever else a library makes, in words."""
    if isinstance(value, int):
        # Python refuses to write integers of many digits, and they tell nobody anything.
        return str(value) if value.bit_length() < 256 else f"<{value.bit_length()} bit integer>"
    return str(value)
