"""Jupyter's kernel channels: the legacy framing and v1.kernel.websocket.jupyter.org.

https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html,
https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, NamedTuple

from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Pair,
    Payload,
    answer,
    decoded,
    part,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse, parse_object
from wsproxy.payloads.lines import brief, many
from wsproxy.payloads.trees import CUT

V1 = "v1.kernel.websocket.jupyter.org"
_PATH = re.compile(r"/api/kernels/[^/]+/channels")
_MAX_OFFSETS = 1000
_ASKING = ("_request", "input_request")


class _Message(NamedTuple):
    channel: str
    header: dict[str, Any]
    parent: dict[str, Any]
    content: Any
    buffers: int
    metadata: Any


class _NoMessageError(ValueError):
    pass


class Jupyter(Decoder):
    """Replies and what the kernel publishes are paired with their request by `parent_header`."""

    name = "jupyter"
    subprotocols = (V1,)

    def __init__(self, facts: Facts) -> None:
        self._v1 = facts.subprotocol == V1

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return _PATH.search(facts.target) is not None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            if payload.text:
                message = _whole(parse_object(payload.content, cut=bool(payload.missing)), 0)
            elif self._v1:
                message = _v1(payload)
            else:
                message = _legacy(payload)
        except (NotJsonError, _NoMessageError):
            return None
        return [self._decoded(message, payload)]

    def _decoded(self, message: _Message, payload: Payload) -> Decoded:
        kind = str(message.header.get("msg_type") or "?")
        pieces = [kind, said(kind, message.content)]
        if message.buffers:
            pieces.append(f"({many(message.buffers, 'buffer')})")
        value = message._asdict()
        pair = _pair(kind, message, payload)
        found = decoded(self.name, kind, "", value, pair)
        line = decoded(self.name, message.channel, " ".join(filter(None, pieces)), None)
        return found._replace(summary=line.summary)


def said(kind: str, content: Any) -> str:
    """What the content of a message of this kind is about."""
    if not isinstance(content, dict):
        return "" if content is None else brief(content)
    if kind in {"execute_request", "complete_request", "inspect_request", "is_complete_request"}:
        return _one(content.get("code"))
    if kind == "stream":
        return f"{content.get('name')} {_one(content.get('text'))}"
    if kind == "status":
        return _one(content.get("execution_state"))
    if kind in {"execute_result", "display_data", "update_display_data"}:
        shown = content.get("data")
        return _one(shown.get("text/plain")) if isinstance(shown, dict) else ""
    if kind == "error" or content.get("status") == "error":
        named = f"{content.get('ename')}: {content.get('evalue')}"
        return named if kind == "error" else f"error {named}"
    if "status" in content:
        return _one(content["status"])
    for name in ("code", "prompt", "value", "comm_id", "target_name"):
        if name in content:
            return _one(content[name])
    return brief(content) if content else ""


def _one(value: Any) -> str:
    if value is CUT:
        return "…"
    return value.strip()[:200] if isinstance(value, str) else brief(value)


def _whole(message: dict[str, Any], buffers: int) -> _Message:
    header = message.get("header")
    if not isinstance(header, dict) or not isinstance(header.get("msg_type"), str):
        raise _NoMessageError
    parent = message.get("parent_header")
    return _Message(
        str(message.get("channel") or "shell")[:20],
        header,
        parent if isinstance(parent, dict) else {},
        message.get("content"),
        buffers,
        message.get("metadata"),
    )


def _legacy(payload: Payload) -> _Message:
    # Number of parts, then where each begins, all as 32 bits with the highest byte first; the
    # first part is the message as JSON, the others are its buffers.
    content = payload.content
    count = int.from_bytes(content[:4], "big")
    if not 1 <= count <= _MAX_OFFSETS or len(content) < 4 + 4 * count:
        raise _NoMessageError
    offsets = [int.from_bytes(content[at : at + 4], "big") for at in range(4, 4 + 4 * count, 4)]
    if offsets[0] != 4 + 4 * count:
        raise _NoMessageError
    end = offsets[1] if count > 1 else payload.length
    body = content[offsets[0] : end]
    return _whole(parse_object(body, cut=end > len(content)), count - 1)


def _v1(payload: Payload) -> _Message:
    # Number of offsets and each of them as 64 bits, the lowest byte first; then the channel, the
    # header, the parent's header, the metadata, the content and the buffers.
    content = payload.content
    count = int.from_bytes(content[:8], "little")
    if not 6 <= count <= _MAX_OFFSETS or len(content) < 8 + 8 * count:
        raise _NoMessageError
    offsets = [int.from_bytes(content[at : at + 8], "little") for at in range(8, 8 + 8 * count, 8)]
    if offsets[0] != 8 + 8 * count or offsets != sorted(offsets):
        raise _NoMessageError
    pieces = [content[begin:end] for begin, end in pairwise(offsets[:6])]
    channel = pieces[0].decode(errors="replace")[:20]
    header, parent = (_member(piece) for piece in pieces[1:3])
    if not isinstance(header.get("msg_type"), str):
        raise _NoMessageError
    said_cut = offsets[5] > len(content)
    try:
        inner = parse(pieces[4], cut=said_cut)
    except NotJsonError:
        inner = CUT
    return _Message(channel, header, parent, inner, count - 6, _member(pieces[3]))


def _member(piece: bytes) -> dict[str, Any]:
    try:
        return parse_object(piece or b"{}")
    except NotJsonError:
        return {}


def _pair(kind: str, message: _Message, payload: Payload) -> Pair | None:
    own, parent = message.header.get("msg_id"), message.parent.get("msg_id")
    if kind.endswith(_ASKING) and isinstance(own, str):
        return request(own, payload.direction)
    if kind == "input_reply":
        return answer(parent, payload.direction.other) if isinstance(parent, str) else None
    if not isinstance(parent, str):
        return None
    asker = payload.direction.other
    # What is published about a request may come before its reply or after it.
    return answer(parent, asker) if kind.endswith("_reply") else part(parent, asker)
