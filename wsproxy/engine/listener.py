"""The listening side: a client's request becomes a proxied connection, or a relayed page."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import os
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import aiohttp
from aiohttp import hdrs, web

from wsproxy.engine.clients import Client, ReportingServer
from wsproxy.engine.exchange import HookedExchange
from wsproxy.engine.http import decoded, refusal, relay_answer, relay_request, target_of
from wsproxy.engine.server import Server
from wsproxy.engine.transport import SwitchedResponse, take_client, take_upstream
from wsproxy.engine.upstream import MAX_HEADER, Upstream
from wsproxy.errors import ProxyError, Side, WsproxyError
from wsproxy.faults.refusals import Refusal
from wsproxy.model.records import ConnectionRecord, Direction, End, FaultRecord
from wsproxy.protocol.handshake import (
    Headers,
    check_answer,
    check_request,
    end_to_end,
    header,
    header_values,
    is_upgrade,
    negotiated_extensions,
)
from wsproxy.relay.holding import HoldBudget
from wsproxy.relay.http_hooks import HttpHooks, HttpResponse
from wsproxy.relay.interfaces import Clock, Interception, LiveConnection, Recorder
from wsproxy.relay.journal import Journal
from wsproxy.relay.parts import Faults
from wsproxy.relay.session import STOP_SECONDS, Session

LOOK_SECONDS = 0.5
"""How often to look whether a client that a fault keeps waiting is still there."""

_log = logging.getLogger(__name__)


class FaultSource(Protocol):
    """Where the faults of a connection come from (`faults.control.FaultSet`)."""

    def chain(
        self,
        connection: ConnectionRecord,
        direction: Direction,
        record: Callable[[FaultRecord], None],
    ) -> Faults:
        """The faults of one direction; `record` is told of every strike."""

    def refusal(
        self, connection: ConnectionRecord, record: Callable[[FaultRecord], None]
    ) -> Refusal | None:
        """What to do with an opening handshake instead of relaying it."""

    def subscribe(self, live: LiveConnection) -> None:
        """Call `live.reconsider` when faults change, until `unsubscribe`."""

    def unsubscribe(self, live: LiveConnection) -> None:
        """Undo subscribe."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What every connection of a proxy shares."""

    upstream: Upstream
    recorder: Recorder
    journal: Journal
    clock: Clock
    max_payload: int
    interceptions: Sequence[Interception] = ()
    faults: FaultSource | None = None
    hooks: HttpHooks | None = None
    budget: HoldBudget = field(default_factory=HoldBudget)


class Listener:
    """Listens for clients; each upgrade becomes a Session."""

    def __init__(self, environment: Environment) -> None:
        self._env = environment
        self._sessions: dict[int, Session] = {}
        self._all_ended = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._stopping = asyncio.Event()
        self._reporting: ReportingServer | None = None

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port, which is a free one for `port` 0.

        Raises WsproxyError where the address cannot be had.
        """
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "max_line_size": MAX_HEADER,
            "max_field_size": MAX_HEADER,
            "logger": _log,
        }
        server: Server
        if self._env.hooks is None:
            server = Server(self._handle, **options)
        else:
            server = self._reporting = ReportingServer(
                self._handle, self._env.hooks, self._env.upstream, **options
            )
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=ssl_context, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            # asyncio wraps the reason in a sentence of its own.
            number = error.errno or 0
            reason = os.strerror(number) if number > 0 else (error.strerror or str(error))
            hint = "; -p 0 takes a free port" if number == errno.EADDRINUSE else ""
            raise WsproxyError(f"cannot listen on {host}:{port}: {reason.lower()}{hint}") from None
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Take no more clients and end the sessions, which get a few seconds for it."""
        assert self._runner is not None
        self._stopping.set()
        for site in list(self._runner.sites):
            await site.stop()
        for session in list(self._sessions.values()):
            session.stop()
        if self._sessions:
            self._all_ended.clear()
            await self._all_ended.wait()
        await self._runner.cleanup()
        if self._reporting is not None:
            await self._reporting.all_gone()

    def live(self) -> dict[int, LiveConnection]:
        """The open connections by their ids (web.interfaces.Connections)."""
        return dict(self._sessions)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = decoded(request.raw_headers)
        try:
            if self._reporting is not None:
                client = self._reporting.client_of(request)
                return (
                    await self._hooked(client, request, headers) if client else SwitchedResponse()
                )
            if is_upgrade(headers):
                return await self._upgrade(request, headers)
            return await relay_request(request, self._env.upstream)
        except ProxyError as error:
            _log.warning("%s %s: %s", request.method, request.raw_path, error.reason)
            return refusal(error)

    def _opened(self, request: web.BaseRequest, headers: Headers) -> ConnectionRecord:
        env = self._env
        target = target_of(request)
        return ConnectionRecord(
            env.recorder.next_connection_id(),
            env.clock.time(),
            _address(request),
            env.upstream.dialled(target),
            target,
            headers,
        )

    async def _upgrade(self, request: web.BaseRequest, headers: Headers) -> web.StreamResponse:
        env = self._env
        connection = self._opened(request, headers)
        try:
            key = check_request(request.method, headers)
            env.journal.connection_changed(connection)
            refused = await self._refused_by_fault(request, connection)
            if refused is not None:
                return refused
            answer = await env.upstream.dial(connection.target, _dialled(headers))
        except ProxyError as error:
            self._refused(connection, End("failed", error.side.value, error.status, error.reason))
            raise
        connection.status = answer.status
        connection.reason = answer.reason or ""
        connection.response_headers = decoded(answer.raw_headers)
        if answer.status != 101:
            end = End("refused", "server", answer.status, answer.reason or "")
            self._refused(connection, end)
            return await relay_answer(request, answer, env.upstream, upgrade=True)
        try:
            check_answer(key, connection.response_headers)
        except ProxyError as error:
            answer.close()
            self._refused(connection, End("failed", "server", error.status, error.reason))
            raise
        return await self._relay(request, answer, connection)

    async def _refused_by_fault(
        self, request: web.BaseRequest, connection: ConnectionRecord
    ) -> web.StreamResponse | None:
        """Do what a fault wants of a handshake; None where the handshake goes on."""
        faults = self._env.faults
        strike = faults.refusal(connection, self._fault_struck) if faults is not None else None
        if strike is None:
            return None
        await self._wait(request, math.inf if strike.never else strike.delay)
        connected = _connected(request)
        if connected and strike.status is None and not strike.never:
            return None
        status = strike.status if connected else None
        self._refused(connection, End("refused", f"fault {strike.name}", status))
        if status is None:
            return SwitchedResponse()
        return web.Response(status=status, text=f"wsproxy: fault {strike.name}\n")

    async def _wait(self, request: web.BaseRequest, seconds: float) -> None:
        """Wait, but not longer than the client does, nor than the proxy runs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while _connected(request) and (left := end - loop.time()) > 0:
            # aiohttp tells nobody that a client has left before it was answered.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(left, LOOK_SECONDS))
                return

    async def _hooked(
        self, client: Client, request: web.BaseRequest, headers: Headers
    ) -> web.StreamResponse:
        """As _upgrade and relay_request, with hooks in between."""
        env = self._env
        await asyncio.wait([client.ready])
        if client.dead is not None:
            reason = f"cannot connect to {env.upstream.url}: {client.dead}"
            refused = refusal(ProxyError(502, reason, Side.SERVER))
            refused.force_close()  # the next attempt is the next connection's
            return refused
        connection = None
        if is_upgrade(headers):
            connection = self._opened(request, headers)
        exchange = HookedExchange(client, request, headers)
        key = ""
        try:
            if connection is not None:
                key = check_request(request.method, headers)
                env.journal.connection_changed(connection)
            answer = await exchange.ask()
            if connection is None:
                return await exchange.own() if answer is None else await exchange.answer(answer)
            if answer is None:
                self._answered(connection, exchange.hooks.response)
                return await exchange.own()
            connection.response_headers = decoded(answer.raw_headers)
            if answer.status != 101:
                response = await exchange.answer(answer)
                self._answered(connection, exchange.hooks.response)
                return response
            check_answer(key, connection.response_headers)
        except ProxyError as error:
            if connection is not None:
                end = End("failed", error.side.value, error.status, error.reason)
                self._refused(connection, end)
            raise
        if not await exchange.handshake(answer):
            answer.close()
            self._answered(connection, exchange.hooks.response)
            return await exchange.own()
        response_ = exchange.hooks.response
        assert response_ is not None
        connection.status = answer.status
        connection.reason = response_.reason
        exchange.hooks.upgraded(connection.id)
        headers_ = [(name.encode(), value.encode()) for name, value in response_.headers]
        head = _switching(response_.reason.encode(), headers_)
        return await self._relay(request, answer, connection, head)

    def _answered(self, connection: ConnectionRecord, response: HttpResponse | None) -> None:
        """A handshake ended with another answer than 101, or with none."""
        if response is None:
            self._refused(connection, End("aborted", "addon", None, "killed by an addon"))
            return
        connection.status, connection.reason = response.status, response.reason
        by = "server" if connection.response_headers else "addon"
        connection.response_headers = response.headers
        self._refused(connection, End("refused", by, response.status, response.reason))

    async def _relay(
        self,
        request: web.BaseRequest,
        answer: aiohttp.ClientResponse,
        connection: ConnectionRecord,
        head: bytes | None = None,
    ) -> web.StreamResponse:
        """`head` is the 101 for the client, where it is not the upstream's."""
        env = self._env
        headers = connection.response_headers
        connection.subprotocol = header(headers, "Sec-WebSocket-Protocol")
        connection.extensions = ", ".join(header_values(headers, "Sec-WebSocket-Extensions"))
        try:
            server, early_downstream = take_upstream(answer)
            client, early_upstream = take_client(request)
        except ConnectionResetError as error:
            answer.close()
            self._refused(connection, End("aborted", None, None, str(error)))
            return SwitchedResponse()
        client.write(head or _switching((answer.reason or "").encode(), answer.raw_headers))
        session = Session(
            connection,
            client,
            server,
            self._env.recorder,
            self._env.journal,
            self._env.clock,
            negotiated_extensions(headers),
            self._env.max_payload,
            on_end=partial(self._ended, connection.id),
            budget=self._env.budget,
        )
        self._sessions[connection.id] = session
        self._env.journal.connection_changed(connection)
        faults = env.faults
        if faults is not None:
            faults.subscribe(session)
            chains = [faults.chain(connection, d, self._fault_struck) for d in Direction]
            session.intercept(env.interceptions, chains)
        elif env.interceptions:
            session.intercept(env.interceptions)
        client.attach(session, early_upstream)
        server.attach(session, early_downstream)
        return SwitchedResponse()

    def _fault_struck(self, record: FaultRecord) -> None:
        self._env.journal.add_fault(record)

    def _ended(self, connection_id: int) -> None:
        session = self._sessions.pop(connection_id)
        if self._env.faults is not None:
            self._env.faults.unsubscribe(session)
        if not self._sessions:
            self._all_ended.set()

    def _refused(self, connection: ConnectionRecord, end: End) -> None:
        connection.closed = self._env.clock.time()
        connection.end = end
        self._env.journal.connection_changed(connection)


def _dialled(headers: Headers) -> Headers:
    """The headers for the upstream: the client's own, and the hop's upgrade."""
    return [*end_to_end(headers), (hdrs.CONNECTION, "Upgrade"), (hdrs.UPGRADE, "websocket")]


def _switching(reason: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A 101, to the letter."""
    lines = [b"HTTP/1.1 101 " + reason, *(b": ".join(header) for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _connected(request: web.BaseRequest) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _address(request: web.BaseRequest) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return f"{peer[0]}:{peer[1]}" if peer else "unknown"
