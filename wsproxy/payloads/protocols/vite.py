"""Vite's hot module replacement.

https://github.com/vitejs/vite/blob/main/packages/vite/types/hmrPayload.d.ts
"""

from __future__ import annotations

from typing import Any

from wsproxy.payloads.decoded import Decoded, Decoder, Payload, decoded
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.lines import brief

_MAX_UPDATES = 5


class Vite(Decoder):
    """Known by its subprotocol."""

    name = "vite"
    subprotocols = ("vite-hmr", "vite-ping")

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            message = parse_object(payload.content, cut=bool(payload.missing))
        except NotJsonError:
            return None
        kind = message.get("type")
        if not isinstance(kind, str):
            return None
        return [decoded(self.name, kind, _about(kind, message), message)]


def _about(kind: str, message: dict[str, Any]) -> str:
    updates = message.get("updates")
    if isinstance(updates, list):
        words = [
            f"{one.get('type')} {one.get('path')}"
            for one in updates[:_MAX_UPDATES]
            if isinstance(one, dict)
        ]
        more = [f"and {len(updates) - _MAX_UPDATES} more"] if updates[_MAX_UPDATES:] else []
        return ", ".join(words + more)
    if kind == "error":
        error = message.get("err")
        return str(error.get("message")) if isinstance(error, dict) else brief(error)
    pieces = [str(message[name]) for name in ("event", "path") if message.get(name)]
    pieces += [brief(message[name]) for name in ("paths", "data") if message.get(name)]
    return " ".join(pieces)
