"""JSON (RFC 8259)."""

from __future__ import annotations

from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.decoded import Pair, answer, request
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief
from wsproxy.payloads.values.formats import Format, Read

_STARTS = b'{["-0123456789tfn'
_KIND_MEMBERS = ("type", "event", "op", "action", "method", "cmd", "command", "kind", "topic")
_LONGEST_KIND = 40

ID_MEMBERS = (
    "id",
    "requestId",
    "request_id",
    "reqId",
    "correlationId",
    "correlation_id",
    "messageId",
    "message_id",
    "msg_id",
    "callId",
    "ref",
    "seq",
)
"""Members that are taken for an id, the best first (JSON-RPC, GraphQL, Phoenix, ...)."""


class Json(Format):
    """One text."""

    name = "json"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        head = content[:64].lstrip(b" \t\r\n")
        return head[:1] in (b"{", b"[")

    def read(self, content: bytes, *, cut: bool) -> Read:
        head = content[:64].lstrip(b" \t\r\n")
        if not head or head[0] not in _STARTS:
            raise NotJsonError("no value begins so")
        value = parse(content, cut=cut)
        return Read(value, brief(value), kind_of(value))


def kind_of(value: Any) -> str:
    """What an object calls itself: its member `type`, `event`, ..."""
    if not isinstance(value, dict):
        return ""
    for name in _KIND_MEMBERS:
        found = value.get(name)
        if isinstance(found, str) and 0 < len(found) <= _LONGEST_KIND:
            return found
    return ""


def pair_of(value: Any, direction: Direction) -> Pair | None:
    """By the id in an object, or in the objects that it has for members.

    What the client sends is taken for the request.
    """
    if not isinstance(value, dict):
        return None
    key = _id(value)
    if key is None:
        members = (_id(member) for member in value.values() if isinstance(member, dict))
        key = next(filter(None, members), None)
    if key is None:
        return None
    up = direction is Direction.UPSTREAM
    return (request if up else answer)(key, Direction.UPSTREAM)


def _id(value: dict[str, Any]) -> str | None:
    for name in ID_MEMBERS:
        found = value.get(name)
        if isinstance(found, str) and found != "":
            return f"{name}={found[:100]}"
        if isinstance(found, int) and not isinstance(found, bool) and found.bit_length() < 128:
            return f"{name}={found}"
    return None
