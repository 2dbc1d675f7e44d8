"""webpack-dev-server's messages.

https://github.com/webpack/webpack-dev-server/blob/master/client-src/index.js
"""

from __future__ import annotations

from wsproxy.model.records import Direction
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, Sure, decoded
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.lines import brief, many
from wsproxy.payloads.target import path_of

_KINDS = {
    *("hot", "liveReload", "invalid", "hash", "logging", "overlay", "reconnect", "progress"),
    *("progress-update", "still-ok", "ok", "static-changed", "warnings", "errors", "error"),
    *("close", "send-warnings", "send-errors"),
}
_FIRST = {"hot", "liveReload", "hash", "reconnect", "overlay", "logging"}


class Webpack(Decoder):
    """Known by what the server says first on its usual paths."""

    name = "webpack"

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        path = path_of(facts.target)
        if payload.direction is Direction.UPSTREAM or not path.endswith(("/ws", "/sockjs-node")):
            return None
        kind = _kind(payload)
        return Sure.LIKELY if kind in _FIRST else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        kind = _kind(payload)
        if kind not in _KINDS:
            return None
        message = parse_object(payload.content, cut=bool(payload.missing))
        said = message.get("data")
        if kind in {"warnings", "errors"} and isinstance(said, list):
            about = many(len(said), kind[:-1])
            about += f" {brief(said[0])}" if said else ""
        else:
            about = said if isinstance(said, str) else "" if said is None else brief(said)
        return [decoded(self.name, kind, about, message)]


def _kind(payload: Payload) -> str:
    if not payload.text or payload.content[:1] != b"{":
        return ""
    try:
        kind = parse_object(payload.content, cut=bool(payload.missing)).get("type")
    except NotJsonError:
        return ""
    return kind if isinstance(kind, str) else ""
