"""What engine/transport.py assumes of aiohttp, held against the installed version."""

from __future__ import annotations

import asyncio
import gc
import operator
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import h11
import pytest
from aiohttp import web

from tests.support.raw import FIN, RST, TIMEOUT, Conn, ProxyStage, Server, both_loops, staged, until
from tests.support.raw_bytes import frame, lines, switching, upgrade
from wsproxy.engine.answering import Answered
from wsproxy.engine.outgoing import Outgoing
from wsproxy.engine.server import Connection, Limits
from wsproxy.engine.server import Server as HttpServer
from wsproxy.engine.transport import HIGH_WATER, Peer, take_client, take_upstream
from wsproxy.model.records import Direction
from wsproxy.relay.http_hooks import Target
from wsproxy.relay.session import Session


class Tape:
    """What a Session would be told by one transport."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.events: list[str] = []
        self.lanes = (self, self)

    def bytes_received(self, data: bytes) -> None:
        self.heard += data

    def eof_received(self, direction: Direction) -> None:
        self.events.append("eof")

    def connection_lost(self, direction: Direction, error: Exception | None) -> None:
        self.events.append("reset" if error else "lost")

    def writing_paused(self, direction: Direction, paused: bool) -> None:
        self.events.append("paused" if paused else "resumed")


class Taken:
    """A socket taken over from aiohttp, and the peer on its other end."""

    def __init__(self, far: Conn, peer: Peer, early: bytes) -> None:
        self.far = far
        self.peer = peer
        self.early = early
        """What was handed over when it was taken."""
        self.tape = Tape()
        peer.attach(cast("Session", self.tape), early)


class Open:
    """An owner of one connection."""

    def __init__(self) -> None:
        self.count = 1

    def released(self, connection: Outgoing) -> None:
        """It is for one request."""

    def closed(self, connection: Outgoing) -> None:
        self.count -= 1


Counter = Callable[[], int]
"""How many connections count as open."""


@asynccontextmanager
async def taken_client(early: bytes) -> AsyncIterator[tuple[Taken, Counter]]:
    """A client's socket, taken from the HTTP server; `early` comes with the handshake."""
    future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0)  # as the dialling of an upstream would
        future.set_result(Taken(far, *take_client(request)))
        return Answered()

    server = HttpServer(handle, Limits(9, TIMEOUT), access_log=None)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    far = Conn(*await asyncio.open_connection(*runner.addresses[0][:2]))
    try:
        await far.send(upgrade() + early)
        async with asyncio.timeout(TIMEOUT):
            taken = await future
        yield taken, lambda: server.clients
        taken.peer.close()
        await until(lambda: not server.clients)
    finally:
        far.abort()
        await runner.cleanup()


@asynccontextmanager
async def taken_upstream(early: bytes) -> AsyncIterator[tuple[Taken, Counter]]:
    """An upstream's socket, taken from the connection that asked for the upgrade."""
    async with Server() as server:
        loop = asyncio.get_running_loop()
        owner = Open()
        _, connection = await loop.create_connection(
            lambda: Outgoing(Target("127.0.0.1", server.port, False), owner),
            *("127.0.0.1", server.port),
        )
        headers = [("Host", server.authority), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        asking = asyncio.ensure_future(connection.ask("GET", "/", headers, None, TIMEOUT))
        far = await server.accept()
        await far.head()
        await far.send(switching() + early)
        answer = await asking
        peer, came, ended = take_upstream(answer.connection)
        assert not ended
        taken = Taken(far, peer, came)
        del answer
        del connection
        yield taken, lambda: owner.count
        taken.peer.close()
        await until(lambda: not owner.count)


TAKEN = {"client": taken_client, "upstream": taken_upstream}

sides = pytest.mark.parametrize("side", TAKEN)


@both_loops
@sides
@pytest.mark.parametrize("early", [b"", b"early", b"e" * 50_000])
async def test_set_parser_hands_over_what_came_with_the_handshake(side: str, early: bytes) -> None:
    async with TAKEN[side](early) as (taken, _):
        await until(lambda: bytes(taken.tape.heard) == early)
        assert early.startswith(taken.early)


@both_loops
@sides
async def test_set_protocol_switches(side: str) -> None:
    async with TAKEN[side](b"early ") as (taken, _):
        await taken.far.send(b"late")
        await until(lambda: taken.tape.heard == b"early late")
        taken.peer.write(b"answer")
        assert await taken.far.read(6) == b"answer"


@both_loops
@sides
async def test_reading_pauses_and_goes_on(side: str) -> None:
    async with TAKEN[side](b"") as (taken, _):
        for _ in range(2):  # twice is no mistake
            taken.peer.pause_reading()
        await taken.far.send(b"waiting")
        taken.peer.write(b"?")
        assert await taken.far.read(1) == b"?"
        assert taken.tape.heard == b""
        for _ in range(2):
            taken.peer.resume_reading()
        await until(lambda: taken.tape.heard == b"waiting")


@both_loops
@sides
async def test_writing_pauses_and_goes_on(side: str) -> None:
    async with TAKEN[side](b"") as (taken, _):
        data = bytes(16 * 1024 * 1024)
        taken.peer.write(data)
        assert taken.tape.events == ["paused"]
        assert len(await taken.far.read(len(data))) == len(data)
        await until(lambda: taken.tape.events == ["paused", "resumed"])


@both_loops
@sides
async def test_writing_pauses_at_the_high_water_mark(side: str) -> None:
    """Neither sooner, which would cost speed, nor later, which would cost memory."""
    async with TAKEN[side](b"") as (taken, _):
        piece, written = bytes(4096), 0
        while not taken.tape.events:
            taken.peer.write(piece)
            written += len(piece)
            assert written < 64 * HIGH_WATER
        waiting = taken.peer._transport.get_write_buffer_size()
        assert HIGH_WATER < waiting <= HIGH_WATER + len(piece)
        taken.peer.reset()


@both_loops
@sides
async def test_a_socket_that_is_gone_may_be_told_anything(side: str) -> None:
    """uvloop raises RuntimeError for most of it."""
    async with TAKEN[side](b"") as (taken, _):
        peer = taken.peer
        peer.write(bytes(16 * 1024 * 1024))  # a FIN would have to wait for it
        peer.close()
        peer.write_eof()
        peer.reset()
        await until(lambda: "lost" in taken.tape.events)
        peer.write_eof()
        peer.pause_reading()
        peer.resume_reading()
        peer.close()
        peer.reset()


ENDINGS: list[tuple[str, list[str], str | None]] = [
    # What happens, what the session is told, and what the other end sees.
    ("far.close", ["eof"], None),
    ("far.reset", ["reset"], None),
    ("peer.close", ["lost"], FIN),
    ("peer.reset", ["lost"], RST),
]


@both_loops
@sides
@pytest.mark.parametrize(("end", "told", "seen"), ENDINGS)
async def test_owner_cleans_up(side: str, end: str, told: list[str], seen: str | None) -> None:
    async with TAKEN[side](b"") as (taken, count):
        assert count() == 1
        operator.attrgetter(end)(taken)()
        await until(lambda: taken.tape.events == told)
        if seen is not None:
            assert await taken.far.ending() == seen
        if told == ["eof"]:  # half closed, until the session closes its half
            assert count() == 1
            taken.peer.close()
        await until(lambda: count() == 0)


@both_loops
@sides
async def test_taken_socket_survives_the_collector(side: str) -> None:
    """aiohttp closes what is collected unclosed."""
    async with TAKEN[side](b"") as (taken, _):
        gc.collect()
        await taken.far.send(b"still here")
        await until(lambda: taken.tape.heard == b"still here")


@both_loops
@pytest.mark.parametrize("kept", [Connection, h11.Connection])
async def test_a_taken_socket_keeps_nothing_of_http(kept: type) -> None:
    """It may be silent for days, and these are kilobytes."""
    # Objects of earlier tests may live on, in tracebacks for example.
    before = {id(each) for each in gc.get_objects() if type(each) is kept}
    async with staged() as stage:
        await stage.upgraded()

        def new() -> list[object]:
            gc.collect()
            return [o for o in gc.get_objects() if type(o) is kept and id(o) not in before]

        await until(lambda: not new())


@both_loops
@sides
async def test_fin_leaves_the_other_direction_open(side: str) -> None:
    async with TAKEN[side](b"") as (taken, _):
        taken.far.finish()
        await until(lambda: taken.tape.events == ["eof"])
        taken.peer.write(b"still here")
        assert await taken.far.read(10) == b"still here"
        assert taken.peer.write_eof()
        assert await taken.far.ending() == FIN


def counts(stage: ProxyStage) -> list[int]:
    """The connections that count as open: of clients, and to the upstream."""
    proxy: Any = stage.proxy
    server = proxy._listener._listeners[0]._server
    return [server.clients, len(server.own_connections)]


@both_loops
@pytest.mark.parametrize("ender", ["client", "server"])
@pytest.mark.parametrize("way", ["Close", FIN, RST])
async def test_a_whole_proxy_leaves_nothing_open(ender: str, way: str) -> None:
    async with staged() as stage:
        pairs = [await stage.upgraded() for _ in range(3)]
        assert counts(stage) == [3, 3]
        for client, server in pairs:
            one, other = (client, server) if ender == "client" else (server, client)
            if way == "Close":
                await one.send(frame(8, b"", mask=one is client))
                await other.frame()
                await other.send(frame(8, b"", mask=other is client))
                await one.frame()
            if way == RST:
                one.reset()
            else:
                one.close()
            assert await other.ending() in (FIN, RST)
            other.close()
        await until(lambda: counts(stage) == [0, 0])


@both_loops
async def test_a_failed_handshake_leaves_nothing_open() -> None:
    async with staged() as stage:
        for answer in (
            switching().replace(b"Accept: ", b"Accept: not "),
            lines("HTTP/1.1 403 No", "Content-Length: 0"),
        ):
            client = await stage.connect()
            await client.send(upgrade())
            server = await stage.accept()
            await server.head()
            await server.send(answer)
            await client.answer()
            client.close()
        await until(lambda: counts(stage) == [0, 0])
