"""Playing the client: recorded connections are opened again, to any server."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from wsproxy.errors import WsproxyError
from wsproxy.model.records import Direction, End
from wsproxy.protocol.handshake import Headers, header_tokens
from wsproxy.protocol.reopening import client_headers, offered_subprotocols
from wsproxy.relay.interfaces import Clock
from wsproxy.relay.tasks import start_task
from wsproxy.replay.carry import Carried
from wsproxy.replay.said import Said, Talk, decoder_of, said

AT_ONCE = 100
"""Connections that are open at a time."""

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of a message that is taken from the server."""

_UP, _DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


@dataclass(frozen=True, slots=True)
class How:
    """How to play."""

    to: str
    """The server's URL, without the recorded path."""
    speed: float | None = 1.0
    """2: twice as fast as recorded; None: without pauses."""
    headers: Headers = ()  # type: ignore[assignment]
    """Of the opening handshake, in place of recorded ones."""
    carry: Sequence[str] = ()
    """JSONPaths of values that are carried from answers into later messages."""
    patience: float = 10.0
    """Seconds that an answer may take longer than it did."""
    insecure: bool = False


async def play(talks: Iterable[Talk], how: How, clock: Clock) -> list[Talk]:
    """Play the client of every connection; returns what was said this time, in the same order.

    Raises WsproxyError where the server cannot be reached, ValueError for a bad JSONPath.
    """
    talks = [talk for talk in talks if talk.connection.status in (101, None, 200)]
    first = min((talk.connection.opened for talk in talks), default=0.0)
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(talk: Talk) -> Talk:
        if how.speed:
            await asyncio.sleep((talk.connection.opened - first) / how.speed)
        async with slots:
            return await _Player(talk, how, clock).play()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(talk)) for talk in talks]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


class _Player:
    """One connection."""

    def __init__(self, talk: Talk, how: How, clock: Clock) -> None:
        self._talk = talk
        self._how = how
        self._clock = clock
        server = [one for one in talk.messages if one.direction is _DOWN]
        self._carried = Carried(how.carry, server)
        self._paired = {one.answers for one in server if one.answers} & {
            one.asks for one in talk.messages if one.direction is _UP and one.asks
        }
        self._decoder = decoder_of(talk.connection)
        self._heard = 0
        self._answered: set[str] = set()
        self._news = asyncio.Event()
        self._closed = False
        self._again = Talk(replace(talk.connection, end=None, opened=clock.time()))

    async def play(self) -> Talk:
        try:
            socket = await self._connect()
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise WsproxyError(f"cannot open {self._url}: {reason}") from None
        listening = start_task(self._listen(socket), "listening to the server", awaited=True)
        try:
            with contextlib.suppress(ConnectionClosed):
                await self._say_everything(socket)
            await self._end(socket)
        finally:
            await socket.close()
            await listening
        self._again.connection.end = End("closed", None, socket.close_code)
        return self._again

    @property
    def _url(self) -> str:
        return self._how.to.rstrip("/") + self._talk.connection.target

    async def _connect(self) -> ClientConnection:
        connection = self._talk.connection
        own = {name.lower() for name, _ in self._how.headers}
        headers = [
            (name, value)
            for name, value in client_headers(connection.request_headers)
            if name.lower() not in own
        ]
        subprotocols = [
            Subprotocol(offered) for offered in offered_subprotocols(connection.request_headers)
        ]
        options: dict[str, Any] = {}
        if self._url.startswith("wss:") and self._how.insecure:
            options["ssl"] = _unverified()
        deflate = "permessage-deflate" in ",".join(
            header_tokens(connection.request_headers, "Sec-WebSocket-Extensions")
        )
        return await connect(
            self._url,
            additional_headers=[*headers, *self._how.headers],
            user_agent_header=None,
            subprotocols=subprotocols or None,
            compression="deflate" if deflate else None,
            max_size=MAX_MESSAGE,
            **options,
        )

    async def _listen(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                content = message.encode() if isinstance(message, str) else message
                self._carried.heard(content)
                one = self._keep(_DOWN, 1 if isinstance(message, str) else 2, content)
                if one.answers is not None:
                    self._answered.add(one.answers)
                self._heard += 1
                self._news.set()
        self._closed = True
        self._news.set()

    async def _say_everything(self, socket: ClientConnection) -> None:
        before = self._talk.connection.opened
        heard = 0
        answers: set[str] = set()
        for one in self._talk.messages:
            if one.direction is _DOWN:
                heard += 1
                if one.answers is not None:
                    answers.add(one.answers)
                before = one.time
                continue
            await self._until(heard, answers & self._paired)
            if self._how.speed:
                await asyncio.sleep(max(one.time - before, 0) / self._how.speed)
            before = one.time
            content = self._carried.put_in(one.content)
            await socket.send(content.decode("utf-8", "replace") if one.opcode == 1 else content)
            # What was recorded, whatever was carried into it: the client's part is the same.
            self._keep(_UP, one.opcode, one.content)

    async def _until(self, heard: int, answers: set[str]) -> None:
        """Wait for what the recording had waited for, as long as there is hope."""

        def ready() -> bool:
            if self._closed:
                return True
            return answers <= self._answered if answers else self._heard >= heard

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._how.patience):
                while not ready():
                    self._news.clear()
                    await self._news.wait()

    async def _end(self, socket: ClientConnection) -> None:
        await self._until(sum(one.direction is _DOWN for one in self._talk.messages), set())
        end = self._talk.connection.end
        if end is not None and end.by == "client" and end.how == "closed":
            with contextlib.suppress(ConnectionClosed, ValueError):
                await socket.close(end.code or 1000, end.reason)
        elif end is not None and end.by == "server":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._how.patience):
                    await socket.wait_closed()

    def _keep(self, direction: Direction, opcode: int, content: bytes) -> Said:
        messages = self._again.messages
        place, time = len(messages), self._clock.time()
        one = said(place, direction, time, opcode, content, self._decoder)
        messages.append(one)
        return one


def _unverified() -> ssl.SSLContext:
    """For a server whose certificate is not checked, as the user asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
