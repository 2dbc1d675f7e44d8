"""Several routes in one process: a Listener for each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from wsproxy.engine.dial import is_own_address
from wsproxy.engine.listener import Listener
from wsproxy.errors import WsproxyError
from wsproxy.model.http import HttpRecord
from wsproxy.relay.interfaces import LiveConnection


class Listeners:
    """The listeners of a proxy (web.interfaces.Connections)."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._started: list[Listener] = []

    async def start(
        self,
        host: str,
        ports: Sequence[int],
        ssl_context: ssl.SSLContext | None,
        *,
        reuse_port: bool,
    ) -> list[int]:
        """Listen on a port for each, 0 for a free one; returns the ports.

        Raises WsproxyError; none listens then.
        """
        found = []
        try:
            for listener, wanted in zip(self._listeners, ports, strict=True):
                port = await listener.start(host, wanted, ssl_context, reuse_port=reuse_port)
                self._started.append(listener)
                found.append(port)
                if len(ports) > 1:
                    listener.route = str(port)
                await _check(listener, host, port)
        except BaseException:
            await self.stop()
            raise
        return found

    async def stop(self) -> None:
        """Take no more clients and end the sessions, which get a few seconds for it."""
        await asyncio.gather(*(listener.stop() for listener in self._started))
        self._started.clear()

    def cut(self) -> None:
        """While stopping: wait no longer for anybody."""
        for listener in self._listeners:
            listener.cut()

    def live(self) -> dict[int, LiveConnection]:
        """The open connections by their ids, which all share one count."""
        if len(self._listeners) == 1:
            return self._listeners[0].live()
        return {number: live for each in self._listeners for number, live in each.live().items()}

    def asking(self) -> list[HttpRecord]:
        """Requests of plain HTTP that have no whole answer yet, the oldest first."""
        found = [record for each in self._listeners for record in each.asking()]
        return sorted(found, key=lambda record: record.started)


async def _check(listener: Listener, host: str, port: int) -> None:
    """Raises WsproxyError where the server behind a listener is the listener itself."""
    upstream = listener.upstream
    if await is_own_address(upstream.target, host, port):
        raise WsproxyError(
            f"{upstream.url} is this proxy itself; name the server behind it,"
            " or take another port with -p"
        )
