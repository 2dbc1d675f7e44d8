"""One conversation had twice, directly and through a proxy, and all that must then hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.support.conversation import (
    TARGET,
    Ending,
    Event,
    Exchange,
    Heard,
    Say,
    Step,
    events,
)
from tests.support.peers.base import PATIENCE, Client, Server
from tests.support.peers.recorded import Recorded
from wsproxy.app import Proxy
from wsproxy.config import Settings
from wsproxy.model.records import Direction, End
from wsproxy.protocol.close import CloseCode


class Transcript(NamedTuple):
    """What both sides heard."""

    client: Heard
    server: Heard


class Dialogue(NamedTuple):
    """The conversation of one client: its exchanges, and who ends it."""

    exchanges: Sequence[Exchange]
    ending: Ending
    compress: bool = False
    """Whether the client offers permessage-deflate."""

    async def twice(
        self, client: Callable[[], Client], server: Server, capture: Path
    ) -> tuple[Transcript, Recorded]:
        """Have it directly, then through a proxy, and assert that nobody could tell the two apart.

        Returns what was heard, and what the proxy recorded in `capture`.
        """
        directly = await self._have(client(), server, server.url)
        proxy = Proxy(Settings(upstream_url=server.url, listen_port=0, capture=capture))
        await proxy.start()
        try:
            proxied = await self._have(client(), server, proxy.url)
        finally:
            await proxy.stop()
        for through, without in zip(proxied, directly, strict=True):
            assert through.headers == without.headers
            assert through.events == without.events
            assert through == without
        self._check_heard(proxied)
        recorded = Recorded(capture)
        self._check_recorded(recorded, proxied)
        return proxied, recorded

    async def _have(self, client: Client, server: Server, url: str) -> Transcript:
        async with asyncio.timeout(PATIENCE):
            heard = await self._talk(client, url)
        return Transcript(heard, await server.heard())

    async def _talk(self, client: Client, url: str) -> Heard:
        heard = await client.connect(url + TARGET, compress=self.compress)
        try:
            for exchange in self.exchanges:
                await client.take(exchange.step)
                for event in events(exchange.answers):
                    heard.events.append(await client.receive())
                    assert heard.events[-1] == event
            heard.events.append(await self._end(client))
        finally:
            await client.disconnect()
        return heard

    async def _end(self, client: Client) -> Event:
        close, please = self.ending.close, self.ending.please
        if please is not None:
            await client.say(please)
            return await client.receive()
        assert close.code is not None
        return await client.close(close.code, close.reason)

    @property
    def _upstream(self) -> list[Step]:
        steps = list(chain.from_iterable(exchange.upstream for exchange in self.exchanges))
        return steps if self.ending.please is None else [*steps, Say(self.ending.please)]

    def _check_heard(self, transcript: Transcript) -> None:
        """Assert that the server heard everything, and the client the Close (the rest it did)."""
        assert transcript.server.target == TARGET
        assert transcript.client.subprotocol == transcript.server.subprotocol
        expected = events(self._upstream)
        heard = transcript.server.events
        assert heard[: len(expected)] == expected
        closes = heard[len(expected) :]
        if self.ending.by_client:
            assert closes == events([self.ending.close])
        else:
            # How a client answers a Close is its own affair.
            assert [event.kind for event in closes] == (["close"] if self.ending.waits else [])
            close = transcript.client.events[-1]
            assert close.kind == "close"
            # Where there is no code, some libraries say 0 or None, others the 1005 of section 7.4.1.
            assert (close.code or CloseCode.NO_STATUS) == (
                self.ending.close.code or CloseCode.NO_STATUS
            )

    def _check_recorded(self, recorded: Recorded, transcript: Transcript) -> None:
        """Assert that the capture holds everything."""
        connection = recorded.connection
        assert (connection.target, connection.status) == (TARGET, 101)
        assert connection.subprotocol == transcript.client.subprotocol
        extensions = transcript.client.header("sec-websocket-extensions") or ""
        assert connection.extensions == extensions
        recorded.check(Direction.UPSTREAM, self._upstream)
        downstream = list(chain.from_iterable(exchange.answers for exchange in self.exchanges))
        recorded.check(Direction.DOWNSTREAM, downstream)
        direction = Direction.UPSTREAM if self.ending.by_client else Direction.DOWNSTREAM
        close = self.ending.close
        assert recorded.closes(direction) == events([close])
        assert len(recorded.closes(direction.other)) == 1
        end = End("closed", direction.sender.value, close.code, close.reason)
        assert recorded.connection.end == end
        assert recorded.left_out == {}
