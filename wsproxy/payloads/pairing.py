"""Which answer belongs to which request: by the id that both carry in their JSON."""

from __future__ import annotations

import json
from typing import Any

KEYS = (
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

MAX_LENGTH = 256 * 1024
"""Bytes of a payload above which it is not looked into."""


def pairing_key(content: bytes) -> str | None:
    """The id in a payload as `member=value`; None where there is none.

    It is looked for in an object, and in the objects that it has for members.
    """
    if len(content) > MAX_LENGTH or content[:1] != b"{":
        return None
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    key = _find(value)
    if key is None:
        for member in value.values():
            key = _find(member) if isinstance(member, dict) else None
            if key is not None:
                break
    return key


def _find(value: dict[str, Any]) -> str | None:
    for name in KEYS:
        found = value.get(name)
        if isinstance(found, (str, int)) and not isinstance(found, bool) and found != "":
            return f"{name}={found}"
    return None
