"""One HTTP/1.1 connection to a server: requests one after the other, or one upgrade.

h11 reads answers and frames bodies; what it does not do is written here: the head of a request
goes out as its bytes are, in its order (h11 would put Host first).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Protocol, cast

import h11

from wsproxy.protocol.handshake import Headers
from wsproxy.relay.http_hooks import Target
from wsproxy.relay.tasks import start_task

MAX_HEAD = 64 * 1024
"""Bytes of an answer's head, and of one line of a request's: large cookies exist."""

MAX_INTERIM = 100
"""Answers like `100 Continue` that may come before the one that counts."""

PIECES_A_TURN = 50
"""Pieces of a body that are handed on before others have their turn: one may be a byte."""

HIGH_WATER = 256 * 1024
"""Bytes of an answer that may wait for the client before the server is read no further."""

Body = AsyncIterator[bytes] | bytes | None

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class BadAnswerError(Exception):
    """What came is not an answer in HTTP/1.1."""


class CutOffError(ConnectionError):
    """The server ended the connection before its answer was whole."""


class Owner(Protocol):
    """Who keeps connections to servers."""

    def released(self, connection: Outgoing) -> None:
        """An answer is over, and another request may follow."""

    def closed(self, connection: Outgoing) -> None:
        """The socket is gone, whoever has taken it over meanwhile."""


class Outgoing(asyncio.Protocol):
    """One connection to a server."""

    __slots__ = (
        *("_answered", "_http", "_lost", "_news", "_owner", "_pieces", "_received", "_sending"),
        *("_transport", "_upgrading", "_writable", "target", "used"),
    )

    def __init__(self, target: Target, owner: Owner) -> None:
        self.target = target
        self.used = False
        """Whether it has carried a request already: then the server may be about to close it."""
        self._owner = owner
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._transport: asyncio.Transport | None = None
        self._news: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._pieces = 0
        self._received = 0
        self._lost: Exception | None = None
        self._sending: asyncio.Task[None] | None = None
        self._upgrading = False
        self._answered = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one but by name

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._received += len(data)
        if self._received > HIGH_WATER:
            self._read(False)
        self._tell()

    def eof_received(self) -> bool:
        self._http.receive_data(b"")
        self._tell()
        # True keeps our half open, for what an upgraded connection may still have to say.
        return self._upgrading and self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._lost or exc or CutOffError()
        self.resume_writing()
        self._tell()
        self.left()

    def left(self) -> None:
        """The socket is gone."""
        self._owner.closed(self)

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    # For those who ask.

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    @property
    def lost(self) -> bool:
        """Whether the socket is gone."""
        return self._lost is not None

    @property
    def idle(self) -> bool:
        """Whether a request may be sent over it now."""
        quiet = self._http.our_state is h11.IDLE and self._http.trailing_data == (b"", False)
        return quiet and not self.transport.is_closing()

    async def ask(
        self, method: str, path: str, headers: Headers, body: Body, seconds: float
    ) -> Answer:
        """Send a request and wait for the head of its answer.

        `seconds` counts from the end of the body. Raises h11.LocalProtocolError for a request
        that cannot be sent, TimeoutError, CutOffError, OSError, BadAnswerError; the connection
        is closed then.
        """
        self._answered = False
        try:
            self._send_head(method, path, headers, body)
            async with asyncio.timeout(None) as limit:
                if isinstance(body, AsyncIterator):
                    sending = self._send_body(body, limit, seconds)
                    self._sending = start_task(sending, "sending a request's body")
                else:
                    _begin(limit, seconds)
                return await self._head()
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close now, whatever is under way."""
        if self._sending is not None:
            self._sending.cancel()
        self.transport.abort()

    def finished(self) -> None:
        """Nobody wants any more of the answer."""
        http = self._http
        # After an upgrade that was refused, the server may take what comes next for frames.
        over = http.our_state is h11.DONE and http.their_state is h11.DONE
        if over and not self._upgrading:
            http.start_next_cycle()
            self.used = True
            if self.idle:
                self._owner.released(self)
                return
        self.abort()

    def take(self) -> tuple[asyncio.Transport, bytes, bool]:
        """After a 101: the socket, what came behind the 101, and whether that was all.

        Raises ConnectionResetError if it has gone meanwhile.
        """
        if self.transport.is_closing():
            raise ConnectionResetError("the upstream has gone")
        early, ended = self._http.trailing_data
        del self._http  # a connection may be silent for days, and these are kilobytes
        self._news = None
        return self.transport, early, ended

    async def next_piece(self) -> bytes:
        """The next piece of the answer's body; empty at its end. Raises as `ask` does."""
        self._pieces += 1
        if self._pieces % PIECES_A_TURN == 0:
            await asyncio.sleep(0)
        event = await self._event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return b""
        raise CutOffError

    def _send_head(self, method: str, path: str, headers: Headers, body: Body) -> None:
        fields = [(encoded(name), encoded(value)) for name, value in headers]
        start = f"{method} {path}".encode()
        # Codings below `chunked` are the peers' own: h11 has to know of the chunks only.
        known = [
            (name, b"chunked" if name.lower() == b"transfer-encoding" else value)
            for name, value in fields
        ]
        request = h11.Request(method=method, target=path, headers=known)
        self._upgrading = any(name.lower() == b"upgrade" for name, _ in fields)
        self._http.send(request)
        head = [start + b" HTTP/1.1", *(b": ".join(field) for field in fields)]
        data = b"\r\n".join(head) + b"\r\n\r\n"
        if not isinstance(body, AsyncIterator):
            data += self._framed(body or b"") + self._end()
        self.transport.write(data)

    async def _send_body(
        self, body: AsyncIterator[bytes], limit: asyncio.Timeout, seconds: float
    ) -> None:
        """Send a body; the time for the answer begins when it is all sent."""
        try:
            async for piece in body:
                self.transport.write(self._framed(piece))
                if self._writable is not None:
                    await self._writable
            self.transport.write(self._end())
            if not self._answered:
                _begin(limit, seconds)
        except BaseException as error:
            # Half a body must not look like a whole one.
            if self._lost is None and isinstance(error, Exception):
                self._lost = error
            self.transport.abort()
            if not isinstance(error, Exception):
                raise

    def _framed(self, data: bytes) -> bytes:
        return (self._http.send(h11.Data(data=data)) or b"") if data else b""

    def _end(self) -> bytes:
        return self._http.send(h11.EndOfMessage()) or b""

    async def _head(self) -> Answer:
        for _ in range(MAX_INTERIM + 1):
            event = await self._event()
            if isinstance(event, h11.Response) or (
                isinstance(event, h11.InformationalResponse) and event.status_code == 101
            ):
                if _CONTROL.search(event.reason):
                    raise BadAnswerError("control characters in its reason phrase")
                self._answered = True
                return Answer(self, event)
            if not isinstance(event, h11.InformationalResponse):
                raise CutOffError
        raise BadAnswerError(f"more than {MAX_INTERIM} interim answers")

    async def _event(self) -> object:
        while True:
            if self._lost is not None and not isinstance(self._lost, CutOffError):
                raise self._lost
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                begun, ended = self._http.trailing_data
                no_http = not self._answered and not b"HTTP/".startswith(begun[:5])
                if (self._lost is not None or ended) and not no_http:
                    raise CutOffError from None
                raise BadAnswerError(str(error)) from None
            except ValueError:  # Python's own bound, which h11 does not know
                raise BadAnswerError("a Content-Length of thousands of digits") from None
            if event is not h11.NEED_DATA:
                return event
            if self._lost is not None:
                raise CutOffError
            self._received = 0
            self._read(True)
            self._news = asyncio.get_running_loop().create_future()
            await self._news

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _read(self, wanted: bool) -> None:
        transport = self.transport
        if not transport.is_closing() and transport.is_reading() is not wanted:
            (transport.resume_reading if wanted else transport.pause_reading)()


class Answer:
    """The head of an answer, and its body piece by piece."""

    def __init__(
        self, connection: Outgoing, event: h11.Response | h11.InformationalResponse
    ) -> None:
        self.connection = connection
        self.status = event.status_code
        self.reason = event.reason.decode("utf-8", "surrogateescape")
        self.headers: Headers = [
            (decoded(name), decoded(value)) for name, value in event.headers.raw_items()
        ]
        """As they came: bytes that are not UTF-8 are surrogates."""
        self.version = f"HTTP/{event.http_version.decode()}"

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes; raises CutOffError, OSError, BadAnswerError."""
        while piece := await self.connection.next_piece():
            yield piece

    def close(self) -> None:
        """Want no more of it: the connection serves others, or is closed in mid-body."""
        if self.status != 101:
            self.connection.finished()
        else:
            self.connection.abort()


def _begin(limit: asyncio.Timeout, seconds: float) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + seconds)


def encoded(text: str) -> bytes:
    """A field's name or value, as it came."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The reverse of `encoded`: nothing is lost."""
    return data.decode("utf-8", "surrogateescape")
