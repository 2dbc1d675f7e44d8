"""Taking both sockets over after an upgrade.

For the client's, this is the only file that touches what aiohttp keeps to itself (above all its
`set_parser`, to get at the bytes that came together with a handshake);
tests/integration/test_transport_contract.py holds every version of the pinned range against what is
assumed here. From then on a socket talks to a `Peer` by asyncio's public `set_protocol`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from aiohttp import web

from wsproxy.engine.outgoing import Outgoing
from wsproxy.engine.server import connection_of
from wsproxy.model.records import Direction
from wsproxy.relay.session import Session

HIGH_WATER = 256 * 1024
"""Bytes that may wait for a peer before the other one is no longer read."""

_LINGER_RESET = struct.pack("ii", 1, 0)


class Peer(asyncio.Protocol):
    """One peer's socket after the handshake: a Transport for the session, and its reporter."""

    __slots__ = ("_direction", "_left", "_session", "_transport", "data_received", "write")

    def __init__(
        self,
        direction: Direction,
        transport: asyncio.Transport,
        left: Callable[[], None],
    ) -> None:
        """`direction` is where this peer's bytes go; `left` is called when the socket is gone."""
        self._direction = direction
        self._transport = transport
        self._left = left
        self._session: Session | None = None
        self.write = transport.write
        transport.set_write_buffer_limits(high=HIGH_WATER)

    def attach(self, session: Session, early: bytes, *, ended: bool = False) -> None:
        """Report to `session` from now on, beginning with the bytes that came before, and with
        the end of the stream if it has `ended`.
        """
        self._session = session
        # uvloop and asyncio look this up once or at each call: an attribute serves both.
        self.data_received = session.lanes[self._direction].bytes_received  # type: ignore[method-assign]
        self._transport.set_protocol(self)
        if early:
            self.data_received(early)
        if ended:
            self.eof_received()
        else:
            self.resume_reading()

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
        self._left()
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
    left = connection_of(request).hand_over()
    return Peer(Direction.UPSTREAM, transport, left), bytes(collector.data)


def take_upstream(connection: Outgoing) -> tuple[Peer, bytes, bool]:
    """Take the upstream's socket over, with the bytes that came together with its 101, and
    whether they are all that will come.

    Raises ConnectionResetError if the upstream has gone meanwhile.
    """
    transport, early, ended = connection.take()
    return Peer(Direction.DOWNSTREAM, transport, connection.left), early, ended
