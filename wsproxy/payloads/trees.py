"""Decoded values as bounded trees of what JSON knows."""

from __future__ import annotations

import math
from typing import Any

from wsproxy.payloads.bounds import MAX_DEPTH, MAX_NODES, MAX_STRING

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Cut:
    """Stands for what was not there to be read."""

    def __repr__(self) -> str:
        return "…"


CUT = Cut()

_BYTES_SHOWN = 1024


class _Budget:
    __slots__ = ("nodes",)

    def __init__(self) -> None:
        self.nodes = MAX_NODES


def tree_of(value: Any) -> Json:
    """`value` with only what JSON knows, and no more of it than the bounds allow.

    Bytes become `{"$bytes": length, "hex": "..."}`; where something is left out stands
    `{"$left_out": how many}`, or `…` for what nobody counted.
    """
    return _tree(value, 0, _Budget())


def _tree(value: Any, depth: int, budget: _Budget) -> Json:
    budget.nodes -= 1
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        # JavaScript, and with it most who read JSON, knows no larger ones.
        return value if abs(value) < 2**53 else _big(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is CUT:
        return "…"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": len(value), "hex": bytes(value[:_BYTES_SHOWN]).hex()}
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return {"$left_out": len(value)}
        return _members(value, depth, budget)
    if isinstance(value, (list, tuple, set, frozenset)):
        if depth >= MAX_DEPTH:
            return [{"$left_out": len(value)}]
        elements: list[Json] = []
        for element in value:
            if budget.nodes <= 0:
                elements.append({"$left_out": len(value) - len(elements)})
                break
            elements.append(_tree(element, depth + 1, budget))
        return elements
    return _text(str(value))


def _members(value: dict[Any, Any], depth: int, budget: _Budget) -> Json:
    members: dict[str, Json] = {}
    for count, (key, member) in enumerate(value.items()):
        if budget.nodes <= 0:
            members["$left_out"] = len(value) - count
            break
        name = key if isinstance(key, str) else _key(key)
        members[_text(name)] = _tree(member, depth + 1, budget)
    return members


def _key(key: Any) -> str:
    if isinstance(key, int):
        return str(_big(key))
    return key.hex() if isinstance(key, bytes) else str(key)


def _big(value: int) -> str:
    # Python refuses to write integers of many digits.
    return str(value) if value.bit_length() < 4096 else f"<{value.bit_length()} bit integer>"


def _text(text: str) -> str:
    more = len(text) - MAX_STRING
    if more > 0:
        text = f"{text[:MAX_STRING]}… ({more} more)"
    # A lone surrogate, which JSON can spell, is not Unicode: nobody could encode it.
    return text.encode(errors="backslashreplace").decode()
