"""Raw peers: every byte of both sides is the test's own, and a real proxy stands between them.

A test reads as a dialogue: the client sends, the server receives, answers, ends.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import pytest

from tests.support.raw_bytes import Head, frame, switching, upgrade
from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.model.records import ConnectionRecord, Direction, FrameRecord
from wsproxy.relay.interfaces import Interception
from wsproxy.store.reader import Capture

try:
    import uvloop
except ImportError:  # it is an optional dependency
    LOOPS = {"asyncio": asyncio.new_event_loop}
else:
    LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds that anything may take before the test fails; nothing takes nearly as long."""


FIN, RST = "FIN", "RST"
"""The two ways in which a stream ends."""


def both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on each event loop that wsproxy runs on; it may ask for `loop_name`."""
    signature = inspect.signature(test)
    names = ["loop_name", *(name for name in signature.parameters if name != "loop_name")]

    def run(loop_name: str, **fixtures: Any) -> None:
        if "loop_name" in signature.parameters:
            fixtures["loop_name"] = loop_name

        async def bounded() -> None:
            async with asyncio.timeout(6 * TIMEOUT):
                await test(**fixtures)

        with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
            runner.run(bounded())

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__dict__.update(test.__dict__)  # marks
    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    marked: Callable[..., None] = pytest.mark.parametrize("loop_name", LOOPS)(run)
    return marked


async def until(condition: Callable[[], T]) -> T:
    """Poll until `condition` gives something true, and return that."""
    async with asyncio.timeout(TIMEOUT):
        while not (value := condition()):
            await asyncio.sleep(0.005)
    return value


class Conn:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(TIMEOUT):
            await self.writer.drain()

    async def send_pieces(self, data: bytes, sizes: list[int]) -> None:
        """Send in pieces that arrive one by one."""
        position = turn = 0
        while position < len(data):
            size = max(sizes[turn % len(sizes)], len(data) // 40)
            await self.send(data[position : position + size])
            position += size
            turn += 1
            for _ in range(3):  # turns of the loop, in which the proxy reads what is there
                await asyncio.sleep(0)

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        async with asyncio.timeout(TIMEOUT):
            return await self.reader.readexactly(size)

    async def line(self) -> bytes:
        async with asyncio.timeout(TIMEOUT):
            return await self.reader.readuntil(b"\r\n")

    async def head(self) -> Head:
        """A request or an answer up to its blank line."""
        async with asyncio.timeout(TIMEOUT):
            data = await self.reader.readuntil(b"\r\n\r\n")
        return Head.parse(data[:-4])

    async def chunk(self) -> bytes:
        """One chunk of a chunked body; the last one is empty."""
        data = await self.read(int(await self.line(), 16))
        assert await self.line() == b"\r\n"
        return data

    async def body(self, head: Head) -> bytes:
        """The body that a head announces."""
        if "chunked" in head.values("Transfer-Encoding"):
            chunks = []
            while piece := await self.chunk():
                chunks.append(piece)
            return b"".join(chunks)
        return await self.read(int((head.values("Content-Length") or ["0"])[0]))

    async def answer(self) -> tuple[Head, bytes]:
        """A whole answer, or a whole request."""
        head = await self.head()
        return head, await self.body(head)

    async def frame(self) -> tuple[int, bytes]:
        """A short frame: its first byte, and its payload unmasked."""
        first, second = await self.read(2)
        length = second & 0x7F
        assert length < 126
        key = await self.read(4) if second & 0x80 else bytes(4)
        return first, bytes(b ^ key[i % 4] for i, b in enumerate(await self.read(length)))

    async def rest(self) -> bytes:
        """Everything up to the peer's FIN; raises ConnectionResetError for an RST."""
        async with asyncio.timeout(TIMEOUT):
            return await self.reader.read()

    async def ending(self) -> str:
        """How the peer ends its stream, FIN or RST, when it has nothing more to say."""
        try:
            rest = await self.rest()
        except ConnectionResetError:
            return RST
        assert rest == b""
        return FIN

    def finish(self) -> None:
        """Send FIN and go on reading."""
        self.writer.write_eof()

    def close(self) -> None:
        """Close as most programs do: FIN, and nothing is read any more."""
        self.writer.close()

    def reset(self) -> None:
        """Send RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def abort(self) -> None:
        self.writer.transport.abort()


class Server:
    """An upstream whose connections wait until the test accepts them."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.tls = tls
        self.port = port
        self._waiting: asyncio.Queue[Conn] = asyncio.Queue()
        self._all: list[Conn] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await asyncio.sleep(0)  # a turn of the loop, in which the sockets are closed

    def cut(self) -> None:
        """Cut every connection, and take no more."""
        self._server.close()
        for conn in self._all:
            conn.abort()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://{self.authority}"

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conn = Conn(reader, writer)
        self._all.append(conn)
        self._waiting.put_nowait(conn)

    @property
    def idle(self) -> bool:
        """Whether nobody ever came."""
        return not self._all

    async def accept(self) -> Conn:
        async with asyncio.timeout(TIMEOUT):
            return await self._waiting.get()


class Stage:
    """Who speaks: clients, a proxy at `port`, and the upstream behind it."""

    def __init__(self, port: int, upstream: Server) -> None:
        self.port = port
        self.upstream = upstream
        self.accept = upstream.accept
        self._clients: list[Conn] = []

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def connect(self, tls: ssl.SSLContext | None = None) -> Conn:
        """A client's connection to the proxy."""
        name = "localhost" if tls else None
        async with asyncio.timeout(TIMEOUT):
            conn = Conn(
                *await asyncio.open_connection(
                    "127.0.0.1", self.port, ssl=tls, server_hostname=name
                )
            )
        self._clients.append(conn)
        return conn

    async def upgraded(
        self, target: str = "/", *fields: str, tls: ssl.SSLContext | None = None
    ) -> tuple[Conn, Conn]:
        """A client and a server that have shaken hands through the proxy."""
        client = await self.connect(tls)
        await client.send(upgrade(target, *fields))
        server = await self.accept()
        await server.head()
        await server.send(switching())
        assert (await client.head()).status == 101
        return client, server

    async def converse(self, tls: ssl.SSLContext | None = None) -> None:
        """A normal conversation, from beginning to end: the proxy is well."""
        client, server = await self.upgraded("/well", tls=tls)
        await client.send(frame(1, b"How are you?", mask=True))
        assert await server.frame() == (0x81, b"How are you?")
        await server.send(frame(1, b"Well!"))
        assert await client.frame() == (0x81, b"Well!")
        await client.send(frame(8, b"\x03\xe8", mask=True))
        assert await server.frame() == (0x88, b"\x03\xe8")
        await server.send(frame(8, b"\x03\xe8"))
        assert await client.frame() == (0x88, b"\x03\xe8")
        server.close()
        assert await client.ending() == FIN
        client.close()

    def cut(self) -> None:
        """Cut what is still connected."""
        for conn in self._clients:
            conn.abort()
        self.upstream.cut()


class ProxyStage(Stage):
    """A stage whose proxy runs in the test's own process."""

    def __init__(self, proxy: Proxy, upstream: Server) -> None:
        super().__init__(proxy.port, upstream)
        self.proxy = proxy
        self._stopping: asyncio.Future[None] | None = None

    async def stop(self) -> None:
        """Stop the proxy while its peers are still connected."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self.proxy.stop())
        async with asyncio.timeout(TIMEOUT):
            await asyncio.shield(self._stopping)

    async def recorded(self, number: int = 1) -> Recorded:
        """What was captured of a connection that has ended; stops the proxy."""
        path = self.proxy.capture
        await until(lambda: (found := Recorded.find(path, number)) and found.connection.end)
        self.cut()
        await self.stop()
        return Recorded.read(path, number)


class Recorded(NamedTuple):
    """A captured connection."""

    connection: ConnectionRecord
    frames: list[FrameRecord]

    @classmethod
    def find(cls, path: Path, number: int = 1) -> Recorded | None:
        """The connection with this number; None if it is not written yet."""
        capture = Capture(path)
        try:
            for connection in capture.connections():
                if connection.id == number:
                    return cls(connection, [record for _, record in capture.frames(number)])
        finally:
            capture.close()
        return None

    @classmethod
    def read(cls, path: Path, number: int = 1) -> Recorded:
        found = cls.find(path, number)
        assert found is not None
        return found

    def wire(self, direction: Direction) -> bytes:
        """The bytes that passed in a direction, from the frames alone."""
        return b"".join(r.frame.wire for r in self.frames if r.direction is direction)

    @property
    def end(self) -> tuple[str, str | None, int | None, str]:
        """How it ended, by whom, with what code and reason."""
        end = self.connection.end
        assert end is not None
        return end.how, end.by, end.code, end.reason


@asynccontextmanager
async def staged(
    *,
    prefix: str = "",
    upstream: Server | None = None,
    interceptions: Sequence[Interception] = (),
    **settings: Any,
) -> AsyncIterator[ProxyStage]:
    """A proxy before an upstream of the test's own; `prefix` is the upstream URL's path."""
    async with upstream or Server() as server:
        url = settings.pop("upstream_url", server.url + prefix)
        given = Settings(upstream_url=url, listen_port=0, **settings)
        proxy = Proxy(given, interceptions=interceptions)
        await proxy.start()
        stage = ProxyStage(proxy, server)
        try:
            yield stage
        finally:
            stage.cut()
            await stage.stop()


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged: one line each, and no stack trace anywhere."""
    for record in caplog.records:
        assert record.exc_info is None, record.getMessage()
        assert "Traceback" not in record.getMessage()
        assert "\n" not in record.getMessage()
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.INFO]
