"""A bug of the proxy's own, in the middle of traffic: its connection is reset, the others go on."""

from __future__ import annotations

import pytest

from tests.support.raw import RST, both_loops, staged
from tests.support.raw_bytes import frame
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Frame
from wsproxy.relay.encoder import LaneEncoder
from wsproxy.relay.interfaces import LiveConnection


class Shouting:
    """Changes every message (an Interception, and its own Interceptor)."""

    def attach(self, live: LiveConnection) -> Shouting:
        return self

    def wants(self, direction: Direction) -> bool:
        return True

    def handle(self, in_flight: InFlightMessage) -> None:
        if in_flight.opcode == 1:
            in_flight.change(in_flight.content.upper(), "test")

    def ended(self) -> None:
        pass


@both_loops
async def test_in_an_encoder(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    encode = LaneEncoder.encode

    def failing(self: LaneEncoder, in_flight: InFlightMessage) -> list[Frame]:
        if in_flight.content == b"BUG":
            raise ZeroDivisionError("a bug")
        return encode(self, in_flight)

    monkeypatch.setattr(LaneEncoder, "encode", failing)
    async with staged(interceptions=[Shouting()]) as stage:
        client, server = await stage.upgraded()
        other, its_server = await stage.upgraded()
        await client.send(frame(1, b"fine", mask=True))
        assert await server.frame() == (0x81, b"FINE")
        await client.send(frame(1, b"bug", mask=True) + frame(1, b"lost", mask=True))
        assert await server.ending() == RST
        assert await client.ending() == RST
        await other.send(frame(1, b"and here?", mask=True))
        assert await its_server.frame() == (0x81, b"AND HERE?")
    [line] = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert line == "the upstream lane of #1 failed: ZeroDivisionError('a bug')"
