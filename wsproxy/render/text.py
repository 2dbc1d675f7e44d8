"""Untrusted payloads as one safe line."""

from __future__ import annotations

from wsproxy.protocol.frames import Opcode

PREVIEW = 120
"""Characters of a payload that a line shows."""


def printable(text: str) -> str:
    """`text` with everything escaped that could steer a terminal or turn the line around."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def preview(opcode: int, payload: bytes, *, length: int | None = None, limit: int = PREVIEW) -> str:
    """The beginning of a payload; `length` is its true length if it was cut.

    Text as text, with bytes that are not UTF-8 escaped; anything else in hexadecimal.
    """
    more = (len(payload) if length is None else length) > len(payload)
    if opcode == Opcode.TEXT:
        text = printable(payload[: limit * 4].decode(errors="backslashreplace"))
        more = more or len(payload) > limit * 4 or len(text) > limit
        return text[:limit] + ("…" if more else "")
    if not payload:
        return ""
    shown = payload[: limit // 4]
    return f"<{shown.hex()}{'…' if more or len(payload) > len(shown) else ''}>"
