"""Dialling the upstream with a client's own request."""

from __future__ import annotations

import asyncio
import base64
import errno
import os
import ssl
from collections.abc import AsyncIterable
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from wsproxy.engine.transport import verbatim_url, without_retries
from wsproxy.errors import ProxyError, Side
from wsproxy.protocol.handshake import Headers

MAX_HEADER = 64 * 1024
"""Bytes of one header line, both ways: large cookies exist."""

_AUTOMATIC = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)


_SCHEMES = {"ws": "http", "wss": "https"}


class Upstream:
    """The server behind the proxy."""

    def __init__(
        self,
        url: str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        keep_host_header: bool = False,
        rewrite_origin: bool = False,
        timeout: float = 30.0,
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        """`url` is ws(s):// or http(s)://, with a path prefix or none. `timeout`, in seconds,
        is for an answer's headers; its body may take as long as it likes.
        """
        self._given = url
        self.ssl_context = ssl_context
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
        self._rewrite_origin = rewrite_origin
        self._timeout = timeout
        self._session = self._make_session(connector)
        # An upgrade takes a connection of its own, and is asked for once.
        self._dialling = without_retries(self._make_session(connector, force_close=True))

    def _make_session(
        self, connector: aiohttp.BaseConnector | None, *, force_close: bool = False
    ) -> aiohttp.ClientSession:
        if connector is None:
            tls = self.ssl_context if self.ssl_context is not None else True
            connector = aiohttp.TCPConnector(limit=0, ssl=tls, force_close=force_close)
        return aiohttp.ClientSession(
            connector=connector,
            # Nothing of its own may come in: one client's cookies must not reach another's upstream.
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(10.0, self._timeout)),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port, e.g. `http://localhost:8000`."""
        return f"{self._scheme}://{self._authority}"

    @property
    def target(self) -> tuple[str, int, bool]:
        """Host, port, and whether it speaks TLS."""
        url = URL(self.origin, encoded=True)
        return url.host or "", url.port or 0, url.scheme == "https"

    def fork(self, connector: aiohttp.BaseConnector) -> Upstream:
        """The same upstream, dialled by another connector."""
        return Upstream(
            self._given,
            ssl_context=self.ssl_context,
            keep_host_header=self._keep_host_header,
            rewrite_origin=self._rewrite_origin,
            timeout=self._timeout,
            connector=connector,
        )

    async def close(self) -> None:
        """Close what is idle."""
        await self._session.close()
        await self._dialling.close()

    def prefixed(self, target: str, *, upgrade: bool) -> str:
        """A client's path and query, as this upstream has them.

        For an `upgrade`, no path means the given URL to the letter: `ws://host/ws` is not
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

    async def request(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: AsyncIterable[bytes] | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request; `target` is path and query as the client wrote them.

        Raises ProxyError: 502 where there is no answer, 504 where it takes too long.
        """
        url = f"{self.origin}{self.prefixed(target, upgrade=False)}"
        return await self.send(method, url, self.rewritten(headers), body)

    async def dial(self, target: str, headers: Headers) -> aiohttp.ClientResponse:
        """Send a request for an upgrade, over a connection of its own; raises as `request` does."""
        url = f"{self.origin}{self.prefixed(target, upgrade=True)}"
        return await self._send(self._dialling, hdrs.METH_GET, url, self.rewritten(headers), None)

    async def send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: AsyncIterable[bytes] | bytes | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request to any URL, to the letter; raises as `request` does."""
        return await self._send(self._session, method, url, headers, body)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Headers,
        body: AsyncIterable[bytes] | bytes | None,
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(self._timeout):
                return await session.request(
                    method,
                    verbatim_url(url),
                    headers=CIMultiDict(headers),
                    data=body,
                    allow_redirects=False,
                )
        except TimeoutError:
            raise ProxyError(
                504, f"{self.url} did not answer within {self._timeout:g} seconds", Side.SERVER
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProxyError(502, self._explain(error), Side.SERVER) from error

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

    def rewritten(self, headers: Headers) -> Headers:
        """A client's headers, as this upstream is sent them."""
        rewritten = []
        authorized = False
        for name, value in headers:
            if name.lower() == "host" and not self._keep_host_header:
                value = self._authority
            elif name.lower() == "origin" and self._rewrite_origin:
                value = self.origin
            elif name.lower() == "authorization":
                authorized = True
            rewritten.append((name, value))
        if self._authorization is not None and not authorized:
            rewritten.append((hdrs.AUTHORIZATION, self._authorization))
        return rewritten

    def _explain(self, error: Exception) -> str:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            cause = error.certificate_error
            detail = getattr(cause, "verify_message", None) or cause
            return (
                f"the certificate of {self.url} does not verify: {detail}"
                " (--upstream-ca PEM trusts an authority of your own, -k skips the check)"
            )
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            if _speaks_no_tls(error.os_error):
                return f"{self.url} does not speak TLS; try {self._plain_url}"
            return f"no TLS with {self.url}: {error.os_error}"
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return f"no address found for {self.url}"
        if isinstance(error, aiohttp.ClientConnectorError):
            if self._scheme == "https" and isinstance(error.os_error, ConnectionResetError):
                said = f"{self.url} cut off the TLS handshake"
                return f"{said}; if it does not speak TLS, write {self._plain_url}"
            # asyncio wraps the reason in a sentence of its own.
            number = error.os_error.errno or 0
            reason = os.strerror(number) if number > 0 else str(error.os_error)
            return f"cannot connect to {self.url}: {reason}"
        cut_off = isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE)
        if cut_off or isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
            return f"{self.url} cut off before it answered{self._maybe_tls()}"
        if isinstance(error, aiohttp.ClientResponseError):
            return f"{self.url} answered something that is not HTTP{self._maybe_tls()}"
        return f"no answer from {self.url}: {error or type(error).__name__}"

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
    """Whether a TLS handshake failed because the answer was no TLS at all."""
    return isinstance(error, ssl.SSLError) and error.reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
    )
