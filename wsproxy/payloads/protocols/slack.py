"""Slack's Socket Mode and its older RTM API.

https://docs.slack.dev/apis/events-api/using-socket-mode, https://docs.slack.dev/legacy/legacy-rtm-api
"""

from __future__ import annotations

from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    Sure,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse_object
from wsproxy.payloads.lines import brief


class Slack(Decoder):
    """Acknowledgements are paired with their envelope."""

    name = "slack"

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        head = payload.content[:400].replace(b" ", b"")
        hello = b'"type":"hello"' in head and (
            b'"num_connections"' in head or b'"connection_info"' in head
        )
        first = payload.text and hello and payload.direction is Direction.DOWNSTREAM
        return Sure.LIKELY if first else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            message = parse_object(payload.content, cut=bool(payload.missing))
        except NotJsonError:
            return None
        kind = message.get("type")
        envelope = message.get("envelope_id")
        if not isinstance(kind, str):
            if isinstance(envelope, str):
                kind = "ack"
            elif "reply_to" in message:
                kind = "reply"
            else:
                return None
        pieces = [_about(message)]
        if isinstance(envelope, str):
            pieces.append(f"#{envelope[:8]}")
        pair = _pair(message, payload.direction)
        return [decoded(self.name, kind, " ".join(filter(None, pieces)), message, pair)]


def _about(message: dict[str, Any]) -> str:
    said = message.get("payload")
    event = said.get("event") if isinstance(said, dict) else None
    if isinstance(event, dict) and isinstance(event.get("type"), str):
        return str(event["type"])
    if isinstance(said, dict):
        for name in ("command", "callback_id", "type"):
            if isinstance(said.get(name), str):
                return str(said[name])
    if isinstance(message.get("text"), str):
        return brief(message["text"])
    return "" if said in (None, {}) else brief(said)


def _pair(message: dict[str, Any], direction: Direction) -> Pair | None:
    envelope = message.get("envelope_id")
    if isinstance(envelope, str):
        down = direction is Direction.DOWNSTREAM
        return (request if down else answer)(envelope, Direction.DOWNSTREAM)
    if message.get("reply_to") is not None:
        return answer(message["reply_to"], direction.other)
    if isinstance(message.get("id"), int) and direction is Direction.UPSTREAM:
        return request(message["id"], direction)
    return None
