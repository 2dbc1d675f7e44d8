"""Values that are not for records: which headers and query keys hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

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

_WITH_TARGETS = frozenset(
    {
        "content-location",
        "link",
        "location",
        "referer",
        "refresh",
        "x-forwarded-uri",
        "x-original-uri",
        "x-original-url",
        "x-rewrite-url",
    }
)

_USER = re.compile(r"//[^/?#@\s]+@")
# A fragment has pairs, too: OAuth hands tokens to a page so. Some separate pairs with a semicolon.
_BETWEEN = re.compile(r"([#&;])")
_KEY = re.compile(r"(?:^|(?<=\?))([^=?]+)=(?!$)")

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
        """A path or URL without its user and password; its query and fragment keep their keys,
        and the values that are not secret.
        """
        return "".join(map(self._pair, _BETWEEN.split(_USER.sub(f"//{MASKED}@", target))))

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
        for key in _KEY.finditer(pair):  # several, as a value may be a URL
            name = unquote_plus(key[1]).partition("[")[0]  # token[]=, token[0]=
            if name.lower() in self._keys:
                return pair[: key.end()] + MASKED
        return pair


class NoMask(Mask):
    """Keeps everything."""

    def headers(self, headers: Headers) -> Headers:
        return headers

    def target(self, target: str) -> str:
        return target

    def subprotocols(self, value: str) -> str:
        return value
