"""Home Assistant's WebSocket API.

https://developers.home-assistant.io/docs/api/websocket
"""

from __future__ import annotations

from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    Remembered,
    Sure,
    answer,
    decoded,
    part,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief
from wsproxy.payloads.partial import others
from wsproxy.payloads.target import path_of

_AUTH = {"auth_required", "auth", "auth_ok", "auth_invalid"}


class HomeAssistant(Decoder):
    """Results name the command that they answer."""

    name = "home-assistant"

    def __init__(self, facts: Facts) -> None:
        self._asked: Remembered[str] = Remembered()

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return path_of(facts.target).endswith("/api/websocket")

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        first = payload.text and b'"auth_required"' in payload.content[:200]
        return Sure.SURE if first and payload.direction is Direction.DOWNSTREAM else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            value = parse(payload.content, cut=bool(payload.missing))
        except NotJsonError:
            return None
        # "supported_features": with coalesce_messages several come as an array.
        values = value if isinstance(value, list) else [value]
        found = []
        for message in values[:MAX_PACKETS]:
            kind = message.get("type") if isinstance(message, dict) else None
            if not isinstance(kind, str):
                return None
            found.append(self._message(kind, message, payload.direction))
        return (found + others(self.name, len(values))) or None

    def _message(self, kind: str, message: dict[str, Any], direction: Direction) -> Decoded:
        number = message.get("id")
        known = isinstance(number, int)
        pieces = [str(number)[:20]] if known else []
        pair: Pair | None = None
        if kind in _AUTH:
            if kind == "auth":
                message = {**message, "access_token": "***"}
                pair = request("auth", direction)
            elif kind != "auth_required":
                pair = answer("auth", direction.other)
            if "message" in message:
                pieces.append(str(message["message"]))
        elif kind == "result":
            asked = self._asked.get(str(number), "")
            pieces.append("ok" if message.get("success") else f"failed {_error(message)}")
            pieces += [f"of {asked}"] if asked else []
            pieces += [brief(message["result"])] if message.get("result") is not None else []
        elif kind == "event":
            event = message.get("event")
            named = event.get("event_type") if isinstance(event, dict) else None
            pieces.append(str(named) if named else brief(event))
        elif kind not in {"pong", "ping"}:
            rest = {key: each for key, each in message.items() if key not in {"id", "type"}}
            pieces += [brief(rest)] if rest else []
        if known and kind not in _AUTH:
            pair = self._pair(kind, number, direction)
        return decoded(self.name, kind, " ".join(pieces), message, pair)

    def _pair(self, kind: str, number: Any, direction: Direction) -> Pair:
        if direction is Direction.UPSTREAM:
            self._asked.keep(number, kind)
            return request(number, direction)
        # Events come for as long as a subscription lasts.
        return (part if kind == "event" else answer)(number, direction.other)


def _error(message: dict[str, Any]) -> str:
    error = message.get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""
