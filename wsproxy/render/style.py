"""Text in colour for terminals: ECMA-48 escape sequences (SGR, section 8.3.117)."""

from __future__ import annotations

from typing import Literal

Colour = Literal["red", "green", "yellow", "blue", "magenta", "cyan"]

_RESET = "\x1b[0m"
_SGR: dict[str, int] = {
    "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36,
}  # fmt: skip


def styled(text: str, style: Colour | Literal["dim"]) -> str:
    """`text` in a colour, or dim."""
    return f"\x1b[{_SGR[style]}m{text}{_RESET}"
