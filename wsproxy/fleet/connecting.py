"""Connecting to NATS, and what its errors mean."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client

from wsproxy.errors import WsproxyError

PING_SECONDS = 2
"""How often a server is asked whether it is there: one that is paused closes no connection."""

RECONNECT_SECONDS = 0.5

FIRST_SECONDS = 3.0
"""How long somebody who waits for the first server waits."""

CANCEL_SECONDS = 0.5
"""After which a task that goes on is cancelled anew."""

REQUEST_SECONDS = 2.0
"""How long an answer may take."""

TROUBLE: tuple[type[BaseException], ...] = (
    nats.errors.Error,
    asyncio.TimeoutError,
    OSError,
)
"""What calls raise while the cluster is away or in disorder: try again."""

_WRONG_LAST_SEQUENCE = (10071, 10164)
_STREAM_FULL = (10077, 10047, 10023)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where NATS is, and who we are to it."""

    servers: tuple[str, ...]
    """URLs; a user and a password, or a token, may stand in them."""
    credentials: Path | None = None
    """A file with a JWT and its NKey, as `nsc` writes it."""
    nkey: Path | None = None
    """A file with an NKey's seed."""
    ca: Path | None = None
    """A PEM file of authorities to trust beside the system's."""
    certificate: Path | None = None
    """A PEM file with our certificate and its key."""


def _tls(access: Access) -> ssl.SSLContext | None:
    if access.ca is None and access.certificate is None:
        return None  # nats-py makes one for tls:// by itself
    try:
        context = ssl.create_default_context()
        if access.ca is not None:
            context.load_verify_locations(access.ca)
        if access.certificate is not None:
            context.load_cert_chain(access.certificate)
    except OSError as error:
        which = access.ca or access.certificate
        raise WsproxyError(f"cannot use {which} for NATS: {error.strerror or error}") from None
    return context


async def connect(access: Access, name: str, *, patient: bool) -> Client:
    """A connection that mends itself; `name` is what NATS shows for it.

    With `patient` it waits for the first server as long as it takes; otherwise raises WsproxyError
    after a few seconds.
    """
    said: set[str] = set()
    where = ", ".join(without_secrets(server) for server in access.servers)

    async def failed(error: Exception) -> None:
        text = str(error) or type(error).__name__
        if text not in said:
            said.add(text)
            _log.warning("NATS at %s: %s", where, text)

    async def reconnected() -> None:
        if said:
            said.clear()
            _log.warning("NATS at %s is there again", where)

    options: dict[str, Any] = {
        "servers": list(access.servers),
        "name": name,
        "connect_timeout": 3,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": RECONNECT_SECONDS,
        "ping_interval": PING_SECONDS,
        "max_outstanding_pings": 2,
        "error_cb": failed,
        "reconnected_cb": reconnected,
        "pending_size": 16 * 1024 * 1024,
    }
    if access.credentials is not None:
        options["user_credentials"] = str(_there(access.credentials))
    if access.nkey is not None:
        options["nkeys_seed"] = str(_there(access.nkey))
    if (context := _tls(access)) is not None:
        options["tls"] = context
    client = Client()
    try:
        async with asyncio.timeout(None if patient else FIRST_SECONDS):
            await client.connect(**options)
    except TimeoutError:
        why = f": {', '.join(sorted(said))}" if said else ""
        raise WsproxyError(f"there is no NATS at {where}{why}") from None
    except TROUBLE as error:
        raise WsproxyError(f"there is no NATS at {where}: {error}") from None
    await reconnected()
    return client


def _there(path: Path) -> Path:
    try:
        path.read_bytes()
    except OSError as error:
        raise WsproxyError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}"
        ) from None
    return path


def without_secrets(server: str) -> str:
    """A server's URL without user, password or token."""
    scheme, mark, rest = server.partition("://")
    return scheme + mark + rest.rpartition("@")[2]


def is_wrong_sequence(error: BaseException) -> bool:
    """Whether somebody else wrote where we expected to be the last."""
    if isinstance(error, nats.js.errors.KeyWrongLastSequenceError):
        return True
    return isinstance(error, nats.js.errors.APIError) and error.err_code in _WRONG_LAST_SEQUENCE


def is_full(error: BaseException) -> bool:
    """Whether the stream takes no more for now."""
    return isinstance(error, nats.js.errors.APIError) and error.err_code in _STREAM_FULL


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end; raises what it raised, unless that is the cancelling.

    More than one attempt, for asyncio.wait_for of Python 3.11, on which nats-py waits, swallows
    one that comes together with what it waits for.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_SECONDS)
    if not task.cancelled():
        task.result()


def once(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say`, but not the same text twice in a row."""
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            say(text)

    return tell
