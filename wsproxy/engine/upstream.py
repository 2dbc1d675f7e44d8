"""The server behind the proxy: what a client's request becomes on its way there, and back."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from urllib.parse import urlsplit, urlunsplit

import h11
from yarl import URL

from wsproxy.engine.dial import DialError
from wsproxy.engine.outgoing import BadAnswerError
from wsproxy.errors import ProxyError, Side
from wsproxy.protocol.handshake import Headers
from wsproxy.relay.http_hooks import Target

_SCHEMES = {"ws": "http", "wss": "https"}


class Upstream:
    """Knows the upstream's address, and how requests, redirects and failures look there."""

    def __init__(
        self,
        url: str,
        *,
        keep_host_header: bool = False,
        rewrite_origin: bool = False,
        timeout: float = 30.0,
    ) -> None:
        """`url` is ws(s):// or http(s)://, with a path prefix or none. `timeout`, in seconds,
        is for an answer's head; its body may take as long as it likes.
        """
        base = URL(url, encoded=True)
        self._authorization = None
        if base.user is not None:
            credentials = f"{base.user}:{base.password or ''}".encode()
            self._authorization = f"Basic {base64.b64encode(credentials).decode()}"
            base = base.with_user(None)
        self.url = str(base)
        """As it was given, less a user and password."""
        self._scheme = _SCHEMES.get(base.scheme, base.scheme)
        self._authority = base.raw_authority
        self._path = base.raw_path
        self._prefix = base.raw_path.rstrip("/")
        self._keep_host_header = keep_host_header
        self.rewrites_origin = rewrite_origin
        self.timeout = timeout
        origin = URL(self.origin, encoded=True)
        self.target = Target(origin.host or "", origin.port or 0, origin.scheme == "https")

    @property
    def origin(self) -> str:
        """Scheme, host and port, e.g. `http://localhost:8000`."""
        return f"{self._scheme}://{self._authority}"

    def prefixed(self, target: str, *, upgrade: bool) -> str:
        """A client's path and query, as this upstream has them.

        For an `upgrade`, no path means the given URL verbatim: `ws://host/ws` is not
        `ws://host/ws/`. A page's `/` stays one, for what it links to is relative to that.
        """
        path, mark, query = target.partition("?")
        if upgrade and path == "/":
            return f"{self._path}{mark}{query}"
        return f"{self._prefix}{target}"

    def dialled(self, target: str) -> str:
        """The URL that a client's upgrade asks for, in the scheme that was given."""
        scheme, _, _ = self.url.partition("://")
        return f"{scheme}://{self._authority}{self.prefixed(target, upgrade=True)}"

    def asked(self, target: str) -> str:
        """The URL that a client's request of plain HTTP asks for."""
        return f"{self._scheme}://{self._authority}{self.prefixed(target, upgrade=False)}"

    def back_to_proxy(self, headers: Headers, proxy_origin: str) -> Headers:
        """Redirects to the upstream's own address, led to the proxy's instead."""
        return [
            (name, self._proxied(value, proxy_origin) if name.lower() == "location" else value)
            for name, value in headers
        ]

    def _proxied(self, location: str, proxy_origin: str) -> str:
        try:
            url = urlsplit(location)
        except ValueError:
            return location
        own = url.netloc.lower() == self._authority.lower()
        if url.netloc and not (own and url.scheme in ("", *_SCHEMES, *_SCHEMES.values())):
            return location
        if not url.netloc and not url.path.startswith("/"):
            return location
        path = url.path
        if self._prefix and (path + "/").startswith(self._prefix + "/"):
            path = path.removeprefix(self._prefix) or "/"
        # The proxy's own scheme: it may speak TLS where the upstream does not.
        scheme, _, authority = proxy_origin.partition("://")
        return urlunsplit(
            url._replace(
                scheme=scheme if url.scheme else "",
                netloc=authority if url.netloc else "",
                path=path,
            )
        )

    def rewritten(self, headers: Headers, proxy_origin: str) -> Headers:
        """A client's headers, as this upstream is sent them.

        Only the proxy's own Origin is rewritten: that of any other page is for the server to
        refuse.
        """
        rewritten = []
        named = authorized = False
        for name, value in headers:
            lower = name.lower()
            if lower == "host":
                named = True
                if not self._keep_host_header:
                    value = self._authority
            elif lower == "origin" and self.rewrites_origin and _same(value, proxy_origin):
                value = self.origin
            elif lower == "authorization":
                authorized = True
            rewritten.append((name, value))
        if not named:  # HTTP/1.0
            rewritten.insert(0, ("Host", self._authority))
        if self._authorization is not None and not authorized:
            rewritten.append(("Authorization", self._authorization))
        return rewritten

    def origin_hint(self, origin: str | None, proxy_origin: str) -> str:
        """What to say of a 403, where the Origin may be the reason; empty where it is not."""
        if origin is None or _same(origin, self.origin):
            return ""
        if not _same(origin, proxy_origin):
            return f"the Origin {origin} is not the upstream's {self.origin}"
        if self.rewrites_origin:
            return ""
        return f"the Origin {origin} is the proxy's; --rewrite-origin sends {self.origin} instead"

    def failure(self, error: Exception) -> ProxyError:
        """What the client is told of a failure of Pool.ask."""
        if isinstance(error, h11.LocalProtocolError | UnicodeError):
            return ProxyError(400, f"this request cannot be sent on: {error}", Side.CLIENT)
        cause = error.__cause__ if isinstance(error, DialError) else error
        if isinstance(cause, TimeoutError):
            reason = f"{self.url} did not answer within {self.timeout:g} seconds"
            return ProxyError(504, reason, Side.SERVER)
        if isinstance(error, DialError):
            return ProxyError(502, self._dial_failure(error), Side.SERVER)
        if isinstance(error, BadAnswerError):
            reason = f"{self.url} answered something that is not HTTP{self._maybe_tls()} ({error})"
        else:
            reason = f"{self.url} cut off before it answered{self._maybe_tls()}"
        return ProxyError(502, reason, Side.SERVER)

    def _dial_failure(self, error: DialError) -> str:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self.url} does not verify: {cause.verify_message}"
                " (--upstream-ca PEM trusts an authority of your own, -k skips the check)"
            )
        if isinstance(cause, ssl.SSLError):
            if _speaks_no_tls(cause):
                return f"{self.url} does not speak TLS; try {self._plain_url}"
            return f"no TLS with {self.url}: {cause}"
        if isinstance(cause, socket.gaierror):
            return f"no address found for {self.url}"
        if self._scheme == "https" and isinstance(cause, ConnectionResetError):
            said = f"{self.url} cut off the TLS handshake"
            return f"{said}; if it does not speak TLS, write {self._plain_url}"
        # asyncio wraps the reason in a sentence of its own.
        number = cause.errno or 0 if isinstance(cause, OSError) else 0
        reason = os.strerror(number) if number > 0 else str(error)
        return f"cannot connect to {self.url}: {reason}"

    @property
    def _plain_url(self) -> str:
        return self.url.replace("wss:", "ws:", 1).replace("https:", "http:", 1)

    def _maybe_tls(self) -> str:
        """Servers that expect TLS answer plain HTTP so."""
        if self._scheme == "https":
            return ""
        tls = self.url.replace("ws:", "wss:", 1).replace("http:", "https:", 1)
        return f"; if it speaks TLS, write {tls}"


def _speaks_no_tls(error: OSError) -> bool:
    """Whether a TLS handshake failed because the answer was not TLS at all."""
    return isinstance(error, ssl.SSLError) and error.reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
    )


def _same(one: str, other: str) -> bool:
    """Whether two origins are the same, a default port named or not."""
    return _canonical(one) == _canonical(other)


def _canonical(origin: str) -> str:
    origin = origin.lower()
    for scheme, port in (("http", 80), ("https", 443)):
        if origin.startswith(f"{scheme}://"):
            return origin.removesuffix(f":{port}")
    return origin
