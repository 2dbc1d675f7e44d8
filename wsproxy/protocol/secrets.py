"""Values that are not for records: which headers and query keys hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wsproxy.protocol.handshake import Headers

MASKED = "***"

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-csrf-token",
        "x-xsrf-token",
    }
)

SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "auth_token",
        "id_token",
        "jwt",
        "key",
        "password",
        "refresh_token",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
    }
)

_WITH_TARGETS = frozenset({"location", "referer"})

# Kubernetes, and whoever else has no header to put a token into from a browser.
_BEARER = re.compile(r"(?i)^(.*?bearer[._-](?:authorization\.k8s\.io\.)?).+")
_BEFORE_TOKEN = frozenset({"access_token", "auth", "authorization", "bearer", "jwt", "token"})
_JWT = re.compile(r"^eyJ[\w-]*\.[\w-]+\.[\w-]*$")


class Mask:
    """Masks the values of headers and query keys."""

    def __init__(self, headers: Iterable[str] = (), keys: Iterable[str] = ()) -> None:
        """`headers` and `keys` are names beyond the usual ones, in any case."""
        self._headers = SECRET_HEADERS | {name.lower() for name in headers}
        self._keys = SECRET_KEYS | {key.lower() for key in keys}

    def headers(self, headers: Headers) -> Headers:
        """Headers without their secrets, in order."""
        return [(name, self._value(name.lower(), value)) for name, value in headers]

    def target(self, target: str) -> str:
        """A path or URL whose query keeps its keys, and the values that are not secret."""
        path, mark, query = target.partition("?")
        if not mark:
            return target
        return path + mark + "&".join(self._pair(pair) for pair in query.split("&"))

    def subprotocols(self, value: str) -> str:
        """A value of Sec-WebSocket-Protocol without bearer tokens."""
        result: list[str] = []
        before = ""
        for part in value.split(","):
            token = part.strip()
            if before.lower() in _BEFORE_TOKEN or _JWT.match(token):
                part = part.replace(token, MASKED) if token else part
            else:
                part = _BEARER.sub(rf"\g<1>{MASKED}", part)
            result.append(part)
            before = token
        return ",".join(result)

    def _value(self, name: str, value: str) -> str:
        if name in self._headers:
            return MASKED
        if name == "sec-websocket-protocol":
            return self.subprotocols(value)
        return self.target(value) if name in _WITH_TARGETS else value

    def _pair(self, pair: str) -> str:
        key, mark, value = pair.partition("=")
        return f"{key}={MASKED}" if mark and value and key.lower() in self._keys else pair


class NoMask(Mask):
    """Keeps everything."""

    def headers(self, headers: Headers) -> Headers:
        return headers

    def target(self, target: str) -> str:
        return target

    def subprotocols(self, value: str) -> str:
        return value
