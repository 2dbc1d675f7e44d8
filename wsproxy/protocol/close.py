"""Close codes and the payload of Close frames (RFC 6455, sections 5.5.1 and 7.4)."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """The codes that the IANA registry names (RFC 6455, section 11.7)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015


# Section 7.4.1: these stand for what happened and must not travel in a frame.
_NEVER_SENT = {CloseCode.NO_STATUS, CloseCode.ABNORMAL, CloseCode.TLS_HANDSHAKE}


def close_code_name(code: int) -> str:
    """`normal`, `going away`, ...; `application` for 4000-4999, `library` for 3000-3999."""
    try:
        return CloseCode(code).name.lower().replace("_", " ")
    except ValueError:
        if 3000 <= code <= 3999:
            return "library"
        return "application" if 4000 <= code <= 4999 else "unknown"


def may_be_sent(code: int) -> bool:
    """Whether an endpoint may put `code` into a Close frame (section 7.4.2)."""
    if 3000 <= code <= 4999:
        return True
    return code in CloseCode.__members__.values() and code not in _NEVER_SENT


def encode_close(code: int | None, reason: str = "") -> bytes:
    """The payload of a Close frame; None gives an empty one, which has no room for a reason."""
    if code is None:
        return b""
    return code.to_bytes(2, "big") + reason.encode()


def parse_close(payload: bytes) -> tuple[int | None, str]:
    """Code and reason of a Close frame; None where it carries no code.

    A reason that is not UTF-8 keeps its bytes as backslash escapes.
    """
    if len(payload) < 2:
        return None, ""
    return int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="backslashreplace")
