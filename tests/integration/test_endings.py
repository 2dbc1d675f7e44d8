"""How connections end: what the other side sees of it, and what is recorded."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.support.raw import FIN, RST, Conn, Recorded, both_loops, staged, until
from tests.support.raw_bytes import frame, lines, upgrade
from tests.support.raw_child import child
from wsproxy.model.records import Direction

UP, DOWN = Direction

SIDES = pytest.mark.parametrize("side", ["client", "server"])


def cast(client: Conn, server: Conn, side: str) -> tuple[Conn, Conn]:
    """Who ends the connection, and who has to see it."""
    return (client, server) if side == "client" else (server, client)


@both_loops
@SIDES
@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"\x03\xe8", 1000, ""),
        (b"\x03\xe9going away", 1001, "going away"),
        (b"\x0f\xa0" + "grüße".encode(), 4000, "grüße"),
        (b"\x13\x87" + b"x" * 123, 4999, "x" * 123),
        (b"\x03\xee", 1006, ""),  # must never be sent, and is relayed all the same
        (b"\xff\xff\xff\xfe", 65535, "\\xff\\xfe"),
        (b"\x03", None, ""),
        (b"", None, ""),
    ],
)
async def test_close_passes_and_is_recorded(
    tmp_path: Path, side: str, payload: bytes, code: int | None, reason: str
) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        await one.send(frame(8, payload, mask=one is client))
        assert await other.frame() == (0x88, payload)
        await other.send(frame(8, b"\x0b\xb8", mask=other is client))
        assert await one.frame() == (0x88, b"\x0b\xb8")
        server.close()
        assert await client.ending() == FIN
        client.close()
        assert (await stage.recorded()).end == ("closed", side, code, reason)


@both_loops
@SIDES
async def test_fin_is_seen_as_fin(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        one, other = cast(*await stage.upgraded(), side)
        one.close()
        assert await other.ending() == FIN
        other.close()
        assert (await stage.recorded()).end == ("aborted", side, None, "ended the stream")


@both_loops
@SIDES
async def test_reset_is_seen_as_reset(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        one, other = cast(*await stage.upgraded(), side)
        one.reset()
        assert await other.ending() == RST
        assert (await stage.recorded()).end == ("aborted", side, None, "reset")


@both_loops
@SIDES
async def test_what_was_said_before_a_fin_arrives(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        last = frame(2, b"z" * 300_000, mask=one is client) + b"\x81"
        one.writer.write(last)
        one.finish()
        assert await other.rest() == last
        other.close()
        record = await stage.recorded()
        assert record.wire(UP if one is client else DOWN) == last
        assert [v.rule for v in record.frames[-1].violations][-1:] == ["frame-cut-off"]


@both_loops
@SIDES
async def test_close_then_fin_without_an_answer(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        await one.send(frame(8, b"\x03\xe9bye", mask=one is client))
        one.close()
        assert await other.frame() == (0x88, b"\x03\xe9bye")
        assert await other.ending() == FIN
        other.close()
        end = ("aborted", side, 1001, "ended the stream after Close")
        assert (await stage.recorded()).end == end


@both_loops
@SIDES
async def test_close_and_fin_at_once_but_with_an_answer(tmp_path: Path, side: str) -> None:
    """Both sent Close, so it is closed, however early the first one ended its stream."""
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        one.writer.write(frame(8, b"\x03\xe9bye", mask=one is client))
        one.finish()
        assert await other.rest() == frame(8, b"\x03\xe9bye", mask=one is client)
        await other.send(frame(8, b"\x03\xe9", mask=other is client))
        other.close()
        assert await one.rest() == frame(8, b"\x03\xe9", mask=other is client)
        assert (await stage.recorded()).end == ("closed", side, 1001, "bye")


def steps(recorded: Recorded) -> list[tuple[str, str]]:
    """What ended a connection, in order, and by whom."""
    endings = recorded.connection.endings
    assert [ending.time for ending in endings] == sorted(ending.time for ending in endings)
    assert all(1e9 < ending.time <= (recorded.connection.closed or 0) for ending in endings)
    return [(ending.what, ending.by) for ending in endings]


@both_loops
@SIDES
async def test_each_step_of_an_end_is_recorded(tmp_path: Path, side: str) -> None:
    other_side = "server" if side == "client" else "client"
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        await one.send(frame(8, b"\x03\xe8", mask=one is client))
        await other.frame()
        await other.send(frame(8, b"\x03\xe8", mask=other is client))
        await one.frame()
        other.finish()
        assert await one.ending() == FIN
        one.finish()
        assert await other.ending() == FIN
        recorded = await stage.recorded()
        assert steps(recorded) == [
            ("Close", side),
            ("Close", other_side),
            ("FIN", other_side),
            ("FIN", side),
        ]


@both_loops
@SIDES
async def test_the_steps_of_a_reset_and_of_half_an_end(tmp_path: Path, side: str) -> None:
    other_side = "server" if side == "client" else "client"
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        one.finish()
        await other.rest()
        other.reset()
        assert await one.ending() == RST
        assert steps(await stage.recorded()) == [("FIN", side), ("RST", other_side)]


@both_loops
async def test_the_steps_of_an_end_that_the_proxy_makes(tmp_path: Path) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        await stage.upgraded()
        [live] = stage.proxy._listener.live().values()
        live.reset("user")
        assert steps(await stage.recorded()) == [("RST", "user")]


@both_loops
async def test_a_client_as_mqttjs_ends_is_no_abort(tmp_path: Path) -> None:
    """It says so in MQTT, the broker says Close, and the client ends its stream for an answer."""
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        await client.send(frame(2, b"\xe0\x00", mask=True))  # DISCONNECT
        await server.frame()
        await server.send(frame(8, b"\x03\xe8"))
        await client.frame()
        client.finish()
        assert await server.ending() == FIN
        server.close()
        recorded = await stage.recorded()
        assert recorded.end == ("closed", "server", 1000, "")
        assert steps(recorded) == [("Close", "server"), ("FIN", "client"), ("FIN", "server")]


@both_loops
@SIDES
async def test_a_peer_that_answers_no_fin_is_cut_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setattr("wsproxy.relay.session.HALF_CLOSED_SECONDS", 0.05)
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        one, other = cast(*await stage.upgraded(), side)
        one.finish()
        assert await other.ending() == FIN
        assert await one.ending() == RST


@both_loops
async def test_stop_sends_close_to_both_and_says_who_made_it(tmp_path: Path) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        await client.send(frame(1, b"hello", mask=True))
        assert await server.frame() == (0x81, b"hello")

        async def see_it_stop(peer: Conn) -> tuple[int, bytes]:
            first, payload = await peer.frame()
            peer.close()
            return first, payload[:2]

        stopping = asyncio.create_task(stage.stop())
        assert await see_it_stop(client) == (0x88, b"\x03\xe9")
        assert await see_it_stop(server) == (0x88, b"\x03\xe9")
        await stopping
        record = Recorded.read(stage.proxy.capture)
        assert record.end[:3] == ("closed", "wsproxy", 1001)
        assert [(r.direction, r.frame.opcode, r.frame.masked, r.origin) for r in record.frames] == [
            (UP, 1, True, None),
            (UP, 8, True, "wsproxy"),
            (DOWN, 8, False, "wsproxy"),
        ]


@both_loops
@SIDES
async def test_stop_claims_no_end_that_a_peer_began(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        await one.send(frame(8, b"\x0f\xa0", mask=one is client))
        assert await other.frame() == (0x88, b"\x0f\xa0")
        stopping = asyncio.create_task(stage.stop())
        assert (await one.frame())[1][:2] == b"\x03\xe9"
        one.close()
        assert await other.ending() == FIN  # no second Close after the first
        other.close()
        await stopping
        assert Recorded.read(stage.proxy.capture).end[1:3] == (side, 4000)


@both_loops
@SIDES
async def test_stop_puts_no_close_into_the_middle_of_a_frame(tmp_path: Path, side: str) -> None:
    async with staged(capture=tmp_path / "c.wsproxy") as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        half = frame(2, b"x" * 100, mask=one is client)[:50]
        await one.send(half)
        assert await other.read(50) == half
        stopping = asyncio.create_task(stage.stop())
        assert (await one.frame())[0] == 0x88
        one.close()
        assert await other.rest() == b""
        other.close()
        await stopping


@both_loops
@SIDES
async def test_stop_waits_for_no_peer_that_reads_nothing(
    monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setattr("wsproxy.relay.session.STOP_SECONDS", 0.05)
    async with staged() as stage:
        client, server = await stage.upgraded()
        one, other = cast(client, server, side)
        other.writer.transport.pause_reading()  # type: ignore[attr-defined]
        flood = frame(2, bytes(16 * 1024 * 1024), mask=one is client)
        one.writer.write(flood)
        await until(lambda: one.writer.transport.get_write_buffer_size() < len(flood))
        await stage.stop()


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsproxy.engine.listener.STOP_SECONDS", 0.05)


@both_loops
async def test_stop_cuts_what_is_still_streaming(short_grace: None) -> None:
    """A page's event stream never ends by itself, and must not hold the proxy up."""
    async with staged() as stage:
        client = await stage.connect()
        await client.send(lines("GET /events HTTP/1.1", "Host: x"))
        server = await stage.accept()
        await server.head()
        await server.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
        await server.send(b"5\r\ndata:\r\n")
        await client.head()
        assert await client.chunk() == b"data:"
        await stage.stop()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.chunk()


@both_loops
async def test_stop_cuts_a_handshake_that_is_pending(short_grace: None) -> None:
    async with staged() as stage:
        client = await stage.connect()
        await client.send(upgrade())
        server = await stage.accept()
        await server.head()
        await stage.stop()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.head()


@both_loops
async def test_a_killed_proxy_leaves_what_was_committed(tmp_path: Path, loop_name: str) -> None:
    path = tmp_path / "c.wsproxy"
    piece = b"".join(frame(2, b"%d" % number * 300, mask=True) for number in range(500))
    async with child(loop_name, capture=str(path)) as stage:
        client, server = await stage.upgraded("/killed")

        async def talk() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await client.send(piece)
                    await server.read(len(piece))

        talking = asyncio.ensure_future(talk())
        seen = await until(
            lambda: (found := Recorded.find(path)) and len(found.frames) > 2000 and found
        )
        await stage.kill()
        with contextlib.suppress(asyncio.IncompleteReadError):
            await talking
    assert seen
    record = Recorded.read(path)
    assert record.connection.target == "/killed"
    assert record.connection.end is None
    assert len(record.frames) >= len(seen.frames)
    wire = record.wire(UP)
    assert wire == (piece * (len(wire) // len(piece) + 1))[: len(wire)]
    # The next proxy goes on with the same file.
    async with staged(capture=path) as next_stage:
        await next_stage.converse()
        assert (await next_stage.recorded(2)).end == ("closed", "client", 1000, "")
    assert Recorded.read(path).wire(UP) == wire
