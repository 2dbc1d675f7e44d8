"""One proxied WebSocket, as mitmproxy's addons see it: messages, drops, injections, the end."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import CloseReason
from wsproto.frame_protocol import Opcode as WsprotoOpcode

from wsproxy.addonhost.authors import CAUSE, cause_of
from wsproxy.addonhost.dispatch import CachedAddonManager
from wsproxy.addonhost.frames import frames_of, take_back
from wsproxy.addonhost.history import Histories, History
from wsproxy.addonhost.http import ServerConnection
from wsproxy.addonhost.notes import Notes
from wsproxy.addonhost.turns import Turns
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.close import CloseCode, parse_close
from wsproxy.protocol.frames import Opcode
from wsproxy.protocol.lint import utf8_valid
from wsproxy.relay.interfaces import LiveConnection
from wsproxy.relay.tasks import start_task

_EAGER_TASKS = sys.version_info >= (3, 12)
"""mitmproxy's tasks start at once there, and so `websocket_end` comes before
`server_disconnected`; before that only where a server's Close is heard of before its FIN."""

_log = logging.getLogger(__name__)

_TYPES = {Opcode.TEXT.value: WsprotoOpcode.TEXT, Opcode.BINARY.value: WsprotoOpcode.BINARY}
_UPSTREAM = Direction.UPSTREAM
_new_message = WebSocketMessage.__new__


class FlowInterceptor:
    """Takes messages through `websocket_message` (relay.interfaces.Interceptor)."""

    def __init__(
        self,
        flow: http.HTTPFlow,
        live: LiveConnection,
        addons: CachedAddonManager,
        server: ServerConnection | None,
        histories: Histories,
        on_end: Callable[[], None],
    ) -> None:
        """`on_end` is called when the last hook is over."""
        self.flow = flow
        self._live = live
        self._addons = addons
        self._server = server
        self._on_end = on_end
        self._history = History(flow, histories)
        self._turns = Turns()
        self._notes = Notes(flow, live)
        self._over = False
        self._close: tuple[Direction, int | None, str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        flow.kill = self._kill  # type: ignore[method-assign]

    def start(self) -> None:
        """Fire `websocket_start`; messages wait until it is over."""
        rest = self._addons.flow_hook("websocket_start", self.flow)
        if rest is not None or self.flow.intercepted:
            self._turns.free = False
            self._spawn(self._resumed(rest))

    def inject(self, message: WebSocketMessage) -> None:
        """Send a message of an addon's own; it passes through `websocket_message`, too."""
        if self._over or self._close is not None:
            _log.warning("cannot inject a message: the connection is closing")
            return
        direction = Direction.UPSTREAM if message.from_client else Direction.DOWNSTREAM
        self._live.inject(direction, int(message.type), message.content, CAUSE)

    # relay.interfaces.Interceptor

    def wants(self, direction: Direction) -> bool:
        return not self._over

    def handle(self, in_flight: InFlightMessage) -> Awaitable[None] | None:
        """Show a message or control frame to the addons, and do to it what they decided."""
        if in_flight.is_control:
            self._note_close(in_flight)
            if not self._addons.has("websocket_frame"):
                return None
        if not self._turns.free:
            return asyncio.shield(self._keep(self._wait_and_show(in_flight)))
        rest = self._show(in_flight)
        if rest is None:
            return None
        self._turns.free = False
        # The connection may end meanwhile: no reason to cut an addon's hook short.
        return asyncio.shield(self._spawn(rest))

    async def _wait_and_show(self, in_flight: InFlightMessage) -> None:
        await self._turns.take(in_flight.time)
        rest = self._show(in_flight)
        if rest is None:
            self._turns.give(at_once=True)
        else:
            await asyncio.shield(self._spawn(rest))

    def ended(self) -> None:
        self._over = True
        self._keep(self._end())

    # One message.

    def _show(self, in_flight: InFlightMessage) -> Coroutine[Any, Any, None] | None:
        """Call the hooks; what is returned has to be awaited in a task, for the rest of it."""
        if self._addons.has("websocket_frame") and in_flight.wire:
            return self._show_frames(in_flight)
        return self._show_message(in_flight, in_flight.content)

    async def _show_frames(self, in_flight: InFlightMessage) -> None:
        frames = frames_of(in_flight)
        for frame in frames:
            rest = self._addons.call("websocket_frame", self.flow, frame)
            if rest is not None:
                await rest
        await self._resumed(None)
        take_back(in_flight, frames, CAUSE)
        content = in_flight.content
        if not in_flight.is_control and not in_flight.compressed:
            content = b"".join(frame.payload for frame in in_flight.frames)
        if in_flight.verdict != "dropped":
            message_rest = self._show_message(in_flight, content)
            if message_rest is not None:
                await message_rest

    def _show_message(
        self, in_flight: InFlightMessage, content: bytes
    ) -> Coroutine[Any, Any, None] | None:
        websocket = self.flow.websocket
        if (
            self._over
            or websocket is None
            or not in_flight.readable
            or in_flight.opcode not in _TYPES
        ):
            return None
        # What WebSocketMessage(...) does, in half the time.
        message = _new_message(WebSocketMessage)
        message.type = _TYPES[in_flight.opcode]
        message.from_client = in_flight.direction is _UPSTREAM
        message.content = content
        message.timestamp = in_flight.time
        message.dropped = False
        message.injected = in_flight.verdict == "injected"
        self._history.append(message)
        rest = self._addons.flow_hook("websocket_message", self.flow)
        if rest is None and not self.flow.intercepted:
            self._decide(in_flight, message, content)
            return None
        return self._conclude(rest, in_flight, message, content)

    async def _conclude(
        self,
        rest: Awaitable[None] | None,
        in_flight: InFlightMessage,
        message: WebSocketMessage,
        content: bytes,
    ) -> None:
        await self._resumed(rest)
        self._decide(in_flight, message, content)

    def _decide(self, in_flight: InFlightMessage, message: WebSocketMessage, shown: bytes) -> None:
        """Only `content` and `dropped` of a message count, as in mitmproxy."""
        self._notes.take(in_flight)
        if message.dropped or self._killed:
            in_flight.drop(cause_of(message))
        elif message.content is not shown and message.content != shown:
            content = message.content
            if not isinstance(content, bytes):
                _log.error("an addon set message.content to %r: the message passes", content)
                return
            if in_flight.opcode == Opcode.TEXT and not utf8_valid(content):
                # RFC 6455, section 5.6: text is UTF-8. Sent as the addon wrote it all the same.
                _log.warning("an addon changed a text message to bytes that are not UTF-8")
            in_flight.change(content, cause_of(message))

    async def _resumed(self, rest: Awaitable[None] | None) -> None:
        if rest is not None:
            await rest
        await self.flow.wait_for_resume()

    def _spawn(self, rest: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run the rest of a hook in a task that ends the turn."""
        return self._keep(self._in_turn(rest))

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = start_task(coroutine, f"the addons' part of #{self._live.connection.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _in_turn(self, rest: Coroutine[Any, Any, None]) -> None:
        try:
            await rest
        finally:
            self._turns.give()

    # The end.

    @property
    def _killed(self) -> bool:
        error = self.flow.error
        return error is not None and error.msg == Error.KILLED_MESSAGE

    def _kill(self) -> None:
        """`flow.kill()`: unlike in mitmproxy, the connection is closed at once."""
        http.HTTPFlow.kill(self.flow)
        resume = self.flow._resume_event  # noqa: SLF001 - kill() forgets who waits for a resume
        if resume is not None:
            resume.set()
        self._live.close(CloseCode.POLICY_VIOLATION, "killed by an addon", CAUSE)

    def _note_close(self, in_flight: InFlightMessage) -> None:
        if self._close is None and in_flight.opcode == Opcode.CLOSE:
            self._close = (in_flight.direction, *parse_close(in_flight.content))

    async def _end(self) -> None:
        await self._turns.take(math.inf)
        try:
            self.flow.client_conn.state = ConnectionState.CLOSED
            self.flow.server_conn.state = ConnectionState.CLOSED
            self._set_close_fields()
            if _EAGER_TASKS or self._closed_by_server:
                await self._resumed(self._addons.flow_hook("websocket_end", self.flow))
                await self._server_gone()
            else:
                await self._server_gone()
                await self._resumed(self._addons.flow_hook("websocket_end", self.flow))
            self.flow.live = False
            self._notes.take(None)
        finally:
            self._history.close()
            del self.flow.kill  # or the flow and its messages would wait for a garbage collector
            self._turns.give()
            self._on_end()

    @property
    def _closed_by_server(self) -> bool:
        return self._close is not None and self._close[0] is Direction.DOWNSTREAM

    async def _server_gone(self) -> None:
        if self._server is not None:
            await self._server.gone()

    def _set_close_fields(self) -> None:
        websocket = self.flow.websocket
        if websocket is None:
            return
        end = self._live.connection.end
        websocket.timestamp_end = self._live.connection.closed
        if end is not None and end.by not in ("client", "server"):
            websocket.closed_by_client = False
            code, reason = end.code, end.reason
        elif self._close is not None:
            direction, code, reason = self._close
            websocket.closed_by_client = direction is Direction.UPSTREAM
        else:
            websocket.closed_by_client = end is not None and end.by == "client"
            websocket.close_code = CloseReason.ABNORMAL_CLOSURE
            websocket.close_reason = None
            return
        websocket.close_code = _close_reason(code)
        websocket.close_reason = reason


def _close_reason(code: int | None) -> int:
    """As mitmproxy has close codes: an enumeration where it knows them."""
    if code is None:
        return CloseReason.NO_STATUS_RCVD
    try:
        return CloseReason(code)
    except ValueError:
        return code
