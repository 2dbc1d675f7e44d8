"""What of a recorded opening handshake a client sends again when it opens another connection."""

from __future__ import annotations

from wsproxy.protocol.handshake import Headers, end_to_end, header_values
from wsproxy.protocol.secrets import MASKED


def client_headers(headers: Headers) -> Headers:
    """The headers that a client chooses: not those of each handshake (RFC 6455, section 4.1), and no
    secret that the capture does not have.
    """
    return [
        (name, value)
        for name, value in end_to_end(headers)
        if not name.lower().startswith("sec-websocket-")
        and name.lower() not in ("host", "content-length")
        and value != MASKED
    ]


def offered_subprotocols(headers: Headers) -> list[str]:
    """The subprotocols that a client offered, in its order."""
    offered = ",".join(header_values(headers, "Sec-WebSocket-Protocol"))
    return [part.strip() for part in offered.split(",") if part.strip()]
