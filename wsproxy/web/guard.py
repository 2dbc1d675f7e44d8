"""Who may use the page and the API: whoever has the token, from no other origin.

A web page that the user visits can send requests to a loopback address. Three checks, each
enough by itself against most of it, keep it from reading or steering anything: the token, the
Host header (DNS rebinding reaches us under a name of the attacker's), and the origin.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from ipaddress import ip_address

from aiohttp import hdrs, web

from wsproxy.web.errors import ApiError

FREE_GUESSES = 10
"""Wrong tokens without a delay: people mistype."""

FIRST_DELAY = 0.1
MOST_DELAY = 5.0
"""Seconds."""

TOKEN_HEADER = "X-Wsproxy-Token"  # noqa: S105 - a header's name

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks requests."""

    def __init__(self, token: str, host: str) -> None:
        """`host` is the address that the server listens on."""
        self._token = token.encode()
        # Cookies go to every port of a host: what the cookie holds must not be the token itself.
        self._session = hmac.new(self._token, b"wsproxy page", hashlib.sha256).hexdigest()
        # And every proxy of a host has its own.
        self._cookie = f"wsproxy_{self._session[:8]}"
        self._names = {"localhost", host.lower()}
        self._wrong = 0
        """Wrong tokens since the last right one."""

    def check_sender(self, request: web.BaseRequest) -> None:
        """Raises ApiError for a request that a page of another origin may have sent."""
        host = request.headers.get(hdrs.HOST, "")
        if not self._is_ours(host):
            raise ApiError("bad_host")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            raise ApiError("bad_origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        # Following a decoder to the page is no harm: it steers nothing, and the token is needed.
        opens_page = request.method == "GET" and request.path == "/"
        if site not in ("none", "same-origin") and not opens_page:
            raise ApiError("bad_origin")

    def check_token(self, request: web.BaseRequest) -> None:
        """Raises ApiError for a request without the token."""
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer":
            given = request.headers.get(TOKEN_HEADER, "")
        if given:
            self.check_given(given)
        elif not self._same(request.cookies.get(self._cookie, ""), self._session.encode()):
            raise ApiError("token_missing")

    def check_given(self, given: str) -> None:
        """Raises ApiError for what is not the token, and counts it."""
        if not self._same(given, self._token):
            self._wrong += 1
            raise ApiError("token_missing")
        self._wrong = 0

    async def wait(self) -> None:
        """Make guessing slow: each wrong token after the tenth doubles a delay."""
        guesses = self._wrong - FREE_GUESSES
        if guesses > 0:
            await asyncio.sleep(min(FIRST_DELAY * 2 ** min(guesses - 1, 20), MOST_DELAY))

    def let_in(self, response: web.StreamResponse) -> None:
        """Give the cookie to a browser that showed the token."""
        response.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")

    @staticmethod
    def _same(given: str, wanted: bytes) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted)

    def _is_ours(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        if name in self._names:
            return True
        try:
            ip_address(name)  # a rebinding attack needs a name of its own
        except ValueError:
            return False
        return True
