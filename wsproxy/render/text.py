"""Untrusted payloads as one safe line."""

from __future__ import annotations

from wsproxy.payloads.lines import printable
from wsproxy.protocol.frames import Opcode

__all__ = ["ALL", "PREVIEW", "preview", "printable"]

PREVIEW = 120
"""Characters of a payload that a line shows."""

ALL = 1 << 30
"""As many characters as there are."""


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
