"""An instance of a fleet: a thread that sends what the capture holds, and says how we are.

All of NATS happens on the thread's own event loop, so the relay's loop has none of its work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from wsproxy.errors import WsproxyError
from wsproxy.fleet.answering import Shelf
from wsproxy.fleet.connecting import REQUEST_SECONDS, TROUBLE, Access, connect, end
from wsproxy.fleet.interfaces import Place, Source
from wsproxy.fleet.names import Names
from wsproxy.fleet.news import News
from wsproxy.fleet.orders import Desk
from wsproxy.fleet.presence import Presence
from wsproxy.fleet.sender import NameTakenError, Sender, State
from wsproxy.fleet.steward import Steward
from wsproxy.protocol.secrets import Mask
from wsproxy.relay.interfaces import Clock
from wsproxy.relay.tasks import start_task

JOIN_SECONDS = 5.0
"""How long the start waits for the fleet; after that the proxy runs, and joins when it can."""

DRAIN_SECONDS = 5.0
"""How long the end waits for the stream to take what is left; the rest goes out at the next
start, if the capture is kept."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which fleet, and who we are in it."""

    access: Access
    names: Names
    instance: str
    payload: int | None = None
    """Bytes of each payload that leave the instance; None: all."""
    mask: Mask


class Member:
    """Our part in a fleet, from `start` to `stop`."""

    def __init__(
        self,
        membership: Membership,
        open_source: Callable[[], Source],
        clock: Clock,
        status: Callable[[], dict[str, Any]],
        shelf: Shelf,
        steward: Steward | None,
    ) -> None:
        """`open_source` opens the capture, on our thread; `status` says how the proxy is.
        Without a `steward` the fleet may look on only.
        """
        self._shelf = shelf
        self._steward = steward
        self._membership = membership
        self._open_source = open_source
        self._clock = clock
        self._status = status
        self.news = News()
        self.behind = 0, 0.0
        """Bytes of the capture that the stream lacked a moment ago, and since when (seconds)."""
        self._opened: Future[None] = Future()
        self._joined: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._sender: Sender | None = None
        self._source: Source | None = None
        self._begun = clock.time()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)

    async def start(self) -> None:
        """Open the capture for sending; raises WsproxyError for what the user has to mend."""
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def joined(self) -> bool:
        """Whether the fleet has taken us; False if it does not answer in JOIN_SECONDS.

        Raises WsproxyError where it refuses.
        """
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await asyncio.shield(asyncio.wrap_future(self._joined))
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Send what is left, as far as the stream takes it, and leave."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # it may have ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    # From here on: our thread.

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for us
            for waited in (self._opened, self._joined):
                if not waited.done():
                    waited.set_exception(error)
                    return
            if isinstance(error, WsproxyError):
                _log.error("this instance has left the fleet: %s", error)
            else:
                _log.exception("the fleet failed here; the proxy goes on")

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        source = self._source = self._open_source()
        try:
            state = _state(source, self.news.end)
            self._opened.set_result(None)
            stopping = start_task(self._stop.wait(), "waiting for the end", awaited=True)
            work = start_task(self._work(source, state), "the fleet", awaited=True)
            await asyncio.wait((stopping, work), return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and self._sender is not None and self._joined.done():
                # The recorder has written everything; the work goes on while we wait.
                await self._sender.drain(DRAIN_SECONDS)
            await end(stopping)
            await end(work)  # raises what ended it by itself
        finally:
            source.close()

    async def _work(self, source: Source, state: State) -> None:
        """Join and send, until cancelled; raises WsproxyError where the fleet refuses us."""
        member = self._membership
        client = await connect(member.access, f"wsproxy {member.instance}", patient=True)
        js = client.jetstream(timeout=REQUEST_SECONDS)
        sender = self._sender = Sender(
            js,
            member.names,
            member.instance,
            secrets.token_hex(8),
            source,
            self.news,
            state,
            lambda state: source.keep(state._asdict()),
            mask=member.mask,
            payload=member.payload,
        )
        presence = Presence(client, js, member.names, member.instance, state.capture, self._entry)
        tasks: list[asyncio.Task[None]] = []
        try:
            await presence.take()
            self._joined.set_result(None)
            self._shelf.capture = state.capture
            await client.subscribe(member.names.reads(member.instance), cb=self._shelf.asked)
            if self._steward is not None:
                steward = self._steward
                steward.capture = state.capture
                await client.subscribe(member.names.requests(member.instance), cb=steward.asked)
                desk = Desk(client, js, member.names, member.instance)
                tasks.append(
                    start_task(desk.watch(steward.order), "the fleet's orders", awaited=True)
                )
            tasks += (
                start_task(sender.run(), "sending to the fleet", awaited=True),
                start_task(presence.beat(), "telling the fleet", awaited=True),
            )
            await asyncio.gather(*tasks)
        except NameTakenError as error:
            raise WsproxyError(str(error)) from None
        finally:
            for task in tasks:
                with contextlib.suppress(NameTakenError):
                    await end(task)
            sender.close()
            with contextlib.suppress(*TROUBLE):
                async with asyncio.timeout(1.0):
                    if client.is_connected:
                        await presence.leave()
                    await client.close()

    def _entry(self) -> dict[str, Any]:
        """What the fleet is told of us."""
        sender, source = self._sender, self._source
        assert sender is not None
        assert source is not None
        backlog, since = source.backlog(sender.state.place)
        now = self._clock.time()
        self.behind = backlog, max(now - since, 0.0) if backlog else 0.0
        return {
            "instance": self._membership.instance,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "started": self._begun,
            "time": now,
            "sent": sender.frames,
            "backlog": backlog,
            "lag": self.behind[1],
            "payload": self._membership.payload,
            "control": self._steward is not None,
            **(self._steward.status() if self._steward is not None else {}),
            **self._status(),
        }


def _state(source: Source, end: Place) -> State:
    """Where sending goes on, or begins."""
    kept = source.kept()
    try:
        state = State(
            str(kept["capture"]),
            _place(kept["begin"]),
            _place(kept["place"]),
            int(kept["first_connection"]),
            int(kept["open_from"]),
            str(kept["stream"]),
        )
    except (KeyError, TypeError, ValueError):
        state = None
    # A capture that ends before our place has lost its end in a power cut: what comes now has
    # numbers that the fleet knows for other frames.
    if state is None or state.place > end:
        first = source.next_connection()
        state = State(secrets.token_hex(8), end, end, first, first)
        source.keep(state._asdict())
    return state


def _place(value: Any) -> Place:
    file, offset = value
    return int(file), int(offset)
