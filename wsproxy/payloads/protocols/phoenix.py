"""Phoenix channels, serializers 1 and 2.

https://hexdocs.pm/phoenix/writing_a_channels_client.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief, data

_NAMES = {
    "phx_join": "join",
    "phx_leave": "leave",
    "phx_reply": "reply",
    "phx_error": "error",
    "phx_close": "close",
}


class _Message(NamedTuple):
    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any


class Phoenix(Decoder):
    """Replies are paired with what the client sent by `ref`."""

    name = "phoenix"
    subprotocols = ("phoenix",)

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return "/websocket" in facts.target and "vsn=" in facts.target

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        if not payload.text or payload.missing or b'"phx_join"' not in payload.content[:300]:
            return None
        return Sure.LIKELY if _message(payload) else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        message = _message(payload) if payload.text else _binary(payload)
        if message is None:
            return None
        kind = _NAMES.get(message.event, message.event)
        said = message.payload
        pieces = []
        if message.event == "phx_reply" and isinstance(said, dict):
            pieces.append(str(said.get("status"))[:40])
            said = said.get("response")
        elif message.topic != "phoenix":
            pieces.append(message.topic)
        if message.ref is not None:
            pieces.append(f"#{message.ref}")
        if isinstance(said, bytes):
            pieces.append(data(said, len(said) + payload.missing))
        elif said not in (None, {}):
            pieces.append(brief(said))
        pair = _pair(message, payload.direction)
        return [decoded(self.name, kind, " ".join(pieces), message._asdict(), pair)]


def _pair(message: _Message, direction: Direction) -> Pair | None:
    if message.ref is None:
        return None
    if message.event == "phx_reply":
        return answer(message.ref, Direction.UPSTREAM)
    return request(message.ref, direction) if direction is Direction.UPSTREAM else None


def _message(payload: Payload) -> _Message | None:
    try:
        value = parse(payload.content, cut=bool(payload.missing))
    except NotJsonError:
        return None
    if isinstance(value, dict):  # serializer 1
        value = [value.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
    if not isinstance(value, list) or len(value) != 5:
        return None
    join_ref, ref, topic, event, said = value
    if not isinstance(topic, str) or not isinstance(event, str):
        return None
    join, own = (None if one is None else str(one)[:40] for one in (join_ref, ref))
    return _Message(join, own, topic, event, said)


def _binary(payload: Payload) -> _Message | None:
    # Phoenix.Socket.V2.JSONSerializer: the kind (0 push, 1 reply, 2 broadcast), then a byte for
    # the length of each name, then the names, then the content. A client's push has a reference
    # too, which the server's has not.
    content = payload.content
    if not content or content[0] > 2:
        return None
    upstream = payload.direction is Direction.UPSTREAM
    names = {
        0: ("join_ref", "ref", "topic", "event") if upstream else ("join_ref", "topic", "event"),
        1: ("join_ref", "ref", "topic", "status"),
        2: ("topic", "event"),
    }[content[0]]
    sizes = content[1 : 1 + len(names)]
    at = 1 + len(names)
    if len(sizes) < len(names) or at + sum(sizes) > len(content):
        return None
    found: dict[str, str] = {}
    for name, length in zip(names, sizes, strict=True):
        found[name] = content[at : at + length].decode(errors="replace")
        at += length
    said: Any = content[at:]
    if "status" in found:
        said = {"status": found["status"], "response": said}
    event = found.get("event", "phx_reply")
    return _Message(found.get("join_ref"), found.get("ref"), found["topic"], event, said)
