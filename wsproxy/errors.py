"""The few exceptions of wsproxy, and which side a protocol error is to be blamed on."""

from __future__ import annotations

from enum import Enum


class Side(str, Enum):
    """One of the two peers: who broke a rule, who began."""

    CLIENT = "client"
    SERVER = "server"


class WsproxyError(Exception):
    """Something the user can mend; its text is shown as one line, without a stack trace."""


class ProxyError(WsproxyError):
    """An opening handshake that cannot go on.

    `status` is the HTTP status that tells the client so.
    """

    def __init__(self, status: int, reason: str, side: Side) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.side = side


class NotReachedError(WsproxyError):
    """Something at another instance of a fleet that could not be done."""


class DeflateError(ValueError):
    """Compressed data that RFC 7692 does not allow, or parameters that make no sense."""


class FaultError(WsproxyError, ValueError):
    """A fault or scenario that cannot be; says which field, and what would be right."""

    def __init__(self, text: str, field: str = "") -> None:
        """`field` is the name of the field that is wrong, as it was written."""
        super().__init__(text)
        self.field = field


class CaptureError(WsproxyError):
    """A capture file that cannot be opened, read or written."""
