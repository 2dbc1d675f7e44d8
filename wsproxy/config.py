"""Settings of a proxy: frozen, checked once, the same from the command line and from tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from wsproxy.errors import WsproxyError
from wsproxy.model.http import DEFAULT_MAX_HTTP_BODY
from wsproxy.payloads.rules import DecodeRule
from wsproxy.relay.decoder import DEFAULT_MAX_PAYLOAD

DEFAULT_WEB_PORT = 8081

DEFAULT_FLEET = "wsproxy"

DEFAULT_CAPTURE_LIMIT = 2 * 1000**3


def parse_upstream(text: str) -> str:
    """Check an upstream URL; raises ValueError that says what is wrong with it."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not a URL: {error}") from None
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError(f"{text!r} is not a URL: there is a space or control character in it")
    if url.scheme not in ("ws", "wss", "http", "https"):
        raise ValueError(
            f"{text!r} must begin with ws://, wss://, http:// or https://,"
            " for instance ws://localhost:8000"
        )
    if not url.hostname:
        raise ValueError(f"{text!r} names no host")
    if port == 0:
        raise ValueError(f"{text!r} has port 0")
    if url.query or url.fragment:
        raise ValueError(f"{text!r} must not have a query or a fragment: a path prefix is all")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """Which fleet, where it is, and who we are to it."""

    servers: tuple[str, ...]
    """URLs of NATS."""
    name: str = DEFAULT_FLEET
    instance: str = ""
    """Our own name in it; empty for those who only look on."""
    payload: int | None = None
    """Bytes of each payload that leave the instance; None: all."""
    control: bool = True
    """Whether the fleet may change anything here."""
    credentials: Path | None = None
    nkey: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None


class Route(NamedTuple):
    """A port of its own for another upstream."""

    port: int
    upstream_url: str


def parse_route(text: str) -> Route:
    """Read `8080=ws://a:8000`; raises ValueError that says what is wrong with it."""
    port, sign, url = text.partition("=")
    if not sign or not port.strip().isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not a route; write for instance 8080=ws://localhost:8000")
    return Route(int(port), parse_upstream(url.strip()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `wsproxy run` can be told. Raises WsproxyError (from `parse_upstream`) when made."""

    upstream_url: str
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    routes: Sequence[Route] = ()
    """Further ports, each for an upstream of its own."""
    capture: Path | None = None
    """Where the capture is kept; None: a private temporary file, removed at the end."""
    capture_limit: int = DEFAULT_CAPTURE_LIMIT
    capture_secrets: bool = False
    secret_headers: tuple[str, ...] = ()
    """Headers to mask in all records, beyond those of protocol.secrets."""
    secret_keys: tuple[str, ...] = ()
    """Keys of the query string to mask, beyond those of protocol.secrets."""
    max_payload: int = DEFAULT_MAX_PAYLOAD
    max_http_body: int = DEFAULT_MAX_HTTP_BODY
    """Bytes that are recorded of each body of plain HTTP."""
    ssl_insecure: bool = False
    upstream_ca: Path | None = None
    """A PEM file of authorities to trust for the upstream, beside the system's."""
    certs: Path | None = None
    client_certs: Path | None = None
    keep_host_header: bool = False
    rewrite_origin: bool = False
    handshake_timeout: float = 30.0
    request_timeout: float = 60.0
    """Seconds that a client has for a request's head, and between two pieces of its body."""
    max_connections: int | None = None
    """Clients at a time; None: as many as the limit of open files allows."""
    web_host: str = "127.0.0.1"
    web_port: int | None = None
    """Where the page is; None: at DEFAULT_WEB_PORT, or at a free port if that is taken."""
    web_token: str | None = None
    """What the page's users have to show; None: a random one."""
    decode: Sequence[DecodeRule] = ()
    """Which decoder reads which connections, where the choice is not left to them."""
    no_web: bool = False
    """Whether there is no page."""
    metrics_public: bool = False
    """Whether /metrics needs no token."""
    reuse_port: bool = False
    """Whether other processes may listen on the same port; the system shares clients out."""
    fleet: FleetSettings | None = None
    """The fleet that it is an instance of."""

    def __post_init__(self) -> None:
        if not 0 <= self.listen_port <= 65535:
            raise WsproxyError(f"there is no port {self.listen_port}; ports are 0 to 65535")
        try:
            parse_upstream(self.upstream_url)
        except ValueError as error:
            raise WsproxyError(str(error)) from None
