"""The opening handshake (RFC 6455, section 4) as far as a proxy has to understand it.

Headers are lists of (name, value) as they came: order, case and repetition are kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from wsproxy.errors import DeflateError, ProxyError, Side
from wsproxy.protocol.deflate import NAME as DEFLATE
from wsproxy.protocol.deflate import DeflateParameters

Headers = list[tuple[str, str]]

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3

# RFC 9110, section 7.6.1, and what its predecessor listed.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Extension(NamedTuple):
    """One element of Sec-WebSocket-Extensions."""

    name: str
    parameters: list[str]


def header_values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """All values of a header, whatever its case."""
    name = name.lower()
    return [value for key, value in headers if key.lower() == name]


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a header, or None."""
    return next(iter(header_values(headers, name)), None)


def header_tokens(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """The comma-separated tokens of a header, in lower case."""
    values = ",".join(header_values(headers, name))
    return [token.strip().lower() for token in values.split(",") if token.strip()]


def end_to_end(headers: Headers) -> Headers:
    """`headers` without those that belong to one hop, those named by Connection included."""
    # TE belongs to one hop, too, but this one changes no codings: what a client can take, it can.
    named = set(header_tokens(headers, "connection")) - {"te"}
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in _HOP_BY_HOP and name.lower() not in named
    ]


def is_upgrade(headers: Headers) -> bool:
    """Whether a request asks for a WebSocket (section 4.2.1, points 3 and 4)."""
    return "websocket" in header_tokens(headers, "upgrade") and "upgrade" in header_tokens(
        headers, "connection"
    )


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2, point 5.4)."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def check_request(method: str, headers: Headers) -> str:
    """Check the client's side (section 4.2.1) and return its key.

    Raises ProxyError (400, or 426 for another version).
    """
    if method != "GET":
        raise ProxyError(400, f"a WebSocket opens with GET, not {method}", Side.CLIENT)
    length = header(headers, "Content-Length")
    if header(headers, "Transfer-Encoding") is not None or length not in (None, "0"):
        # Whether the body or frames follow the head is anybody's guess.
        raise ProxyError(400, "a WebSocket opens with a request that has no body", Side.CLIENT)
    versions = header_values(headers, "Sec-WebSocket-Version")
    if versions != ["13"]:
        said = ", ".join(versions) or "none"
        raise ProxyError(426, f"Sec-WebSocket-Version must be 13, not {said}", Side.CLIENT)
    keys = header_values(headers, "Sec-WebSocket-Key")
    if len(keys) != 1:
        raise ProxyError(400, f"one Sec-WebSocket-Key is needed, {len(keys)} came", Side.CLIENT)
    try:
        decoded = base64.b64decode(keys[0], validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != 16:
        raise ProxyError(400, "Sec-WebSocket-Key is not 16 bytes in base64", Side.CLIENT)
    return keys[0]


def check_answer(key: str, headers: Headers) -> None:
    """Check an upstream's 101 (section 4.1); raises ProxyError (502)."""
    if not is_upgrade(headers):
        raise ProxyError(
            502, "the upstream answered 101 without upgrading to websocket", Side.SERVER
        )
    if header(headers, "Sec-WebSocket-Accept") != accept_key(key):
        raise ProxyError(
            502, "the upstream answered with a wrong Sec-WebSocket-Accept", Side.SERVER
        )


def parse_extensions(headers: Headers) -> list[Extension]:
    """The extensions of a request or an answer (section 9.1)."""
    extensions = []
    for element in ",".join(header_values(headers, "Sec-WebSocket-Extensions")).split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        if name:
            extensions.append(Extension(name.lower(), parameters))
    return extensions


class NegotiatedExtensions(NamedTuple):
    """The extensions in force on a connection, as the server's answer names them."""

    deflate: DeflateParameters | None = None
    unknown: tuple[str, ...] = ()
    """Extensions the proxy cannot read: what they touch is relayed and recorded as opaque."""


def negotiated_extensions(headers: Headers) -> NegotiatedExtensions:
    """What the headers of a 101 agree to.

    A permessage-deflate whose parameters make no sense counts as unknown.
    """
    deflate = None
    unknown = []
    for extension in parse_extensions(headers):
        if extension.name == DEFLATE and deflate is None:
            try:
                deflate = DeflateParameters.parse(extension.parameters)
                continue
            except DeflateError:
                pass
        unknown.append(extension.name)
    return NegotiatedExtensions(deflate, tuple(unknown))
