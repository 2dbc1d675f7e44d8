"""Taking a socket over from aiohttp after an upgrade.

This is the only file that touches what aiohttp keeps to itself (above all its `set_parser`, to get
at the bytes that came together with a handshake); tests/integration/test_transport_contract.py holds
every version of the pinned range against what is assumed here. From then on the socket talks to
a `Peer` by asyncio's public `set_protocol`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from aiohttp import ClientResponse, ClientSession, web
from aiohttp.connector import Connection
from yarl import URL

from wsproxy.model.records import Direction
from wsproxy.relay.session import Session

HIGH_WATER = 256 * 1024
"""Bytes that may wait for a peer before the other one is no longer read."""

_LINGER_RESET = struct.pack("ii", 1, 0)


class Peer(asyncio.Protocol):
    """One peer's socket after the handshake: a Transport for the session, and its reporter."""

    def __init__(
        self,
        direction: Direction,
        transport: asyncio.Transport,
        owner: asyncio.Protocol,
        connection: Connection | None = None,
    ) -> None:
        """`direction` is where this peer's bytes go, `owner` is aiohttp's protocol.

        `connection` is a connector's: it closes the socket when it is collected.
        """
        self._direction = direction
        self._transport = transport
        self._owner = owner
        self._connection = connection
        self._session: Session | None = None
        self.write = transport.write
        transport.set_write_buffer_limits(high=HIGH_WATER)

    def attach(self, session: Session, early: bytes) -> None:
        """Report to `session` from now on, beginning with the bytes that came before."""
        self._session = session
        # uvloop and asyncio look this up once or at each call: an attribute serves both.
        self.data_received = session.lanes[self._direction].bytes_received  # type: ignore[method-assign]
        self._transport.set_protocol(self)
        if early:
            self.data_received(early)

    def write_eof(self) -> bool:
        if not self._transport.can_write_eof():
            return False
        with contextlib.suppress(OSError, RuntimeError):  # it may be closing already
            self._transport.write_eof()
        return True

    def pause_reading(self) -> None:
        if not self._transport.is_closing() and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self._transport.abort()

    def eof_received(self) -> bool:
        if self._session is not None:
            self._session.eof_received(self._direction)
        # True keeps our half open; TLS has no halves, and asyncio warns of an answer without effect.
        return self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        # aiohttp still counts the connection as its own and has to clean up after it.
        self._owner.connection_lost(exc)
        if self._connection is not None:
            self._connection.close()
        if self._session is not None:
            self._session.connection_lost(self._direction, exc)

    def pause_writing(self) -> None:
        if self._session is not None:
            self._session.writing_paused(self._direction, True)

    def resume_writing(self) -> None:
        if self._session is not None:
            self._session.writing_paused(self._direction, False)


class _Collector:
    """A parser, as aiohttp knows them, that keeps what it is fed."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        pass

    def set_exception(self, exc: BaseException, cause: BaseException | None = None) -> None:
        pass


def take_client(request: web.BaseRequest) -> tuple[Peer, bytes]:
    """Take the client's socket over, with the bytes that came together with the request.

    Raises ConnectionResetError if the client has gone meanwhile.
    """
    protocol = request.protocol
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has gone")
    collector = _Collector()
    protocol.set_parser(collector)  # type: ignore[arg-type]
    # The handler may return now, which saves its task for as long as the connection is open:
    # aiohttp closes what is not closed already, unless it believes that it is.
    protocol.transport = None
    protocol.force_close()
    return Peer(Direction.UPSTREAM, transport, protocol), bytes(collector.data)


def take_upstream(response: ClientResponse) -> tuple[Peer, bytes]:
    """Take the upstream's socket over, with the bytes that came together with its 101.

    Raises ConnectionResetError if the upstream has gone meanwhile.
    """
    connection = response.connection
    if connection is None or connection.transport is None or connection.protocol is None:
        raise ConnectionResetError("the upstream has gone")
    protocol, transport = connection.protocol, connection.transport
    if transport.is_closing():
        raise ConnectionResetError("the upstream has gone")
    collector = _Collector()
    protocol.set_parser(collector, collector)
    response._connection = None  # the response goes, the connection stays
    return Peer(Direction.DOWNSTREAM, transport, protocol, connection), bytes(collector.data)


def verbatim_url(url: str) -> URL:
    """A URL whose request target is sent to the letter: `/path?` keeps its question mark."""
    result = URL(url, encoded=True)
    # yarl keeps no empty query; this is where aiohttp looks the target up.
    _, _, rest = url.partition("://")
    result._cache["raw_path_qs"] = rest[rest.index("/") :] if "/" in rest else "/"
    return result


def without_retries(session: ClientSession) -> ClientSession:
    """Let a session send each request once: aiohttp sends a GET again that got no answer."""
    session._retry_connection = False
    return session


class SwitchedResponse(web.StreamResponse):
    """What a handler returns to aiohttp once the socket is no longer its own: nothing is sent."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class MirroredResponse(web.StreamResponse):
    """An upstream's answer without the headers that aiohttp would add where they are missing."""

    async def _prepare_headers(self) -> None:
        had = {name.lower() for name in self.headers}
        await super()._prepare_headers()
        for name in ("Date", "Server", "Content-Type"):
            if name.lower() not in had:
                self.headers.popall(name, None)
