"""The listening side: a client's request becomes a proxied connection, or a relayed page."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import ssl
from functools import partial
from typing import Any

from aiohttp import hdrs, web

from wsproxy.engine.answering import Answered, head_of
from wsproxy.engine.clients import Client, ClientServer
from wsproxy.engine.dial import ends_of
from wsproxy.engine.environment import Environment
from wsproxy.engine.exchange import ClientExchange, ClientGoneError
from wsproxy.engine.http import (
    MAX_HEADER,
    address_of,
    asked_of,
    headers_of,
    proxy_origin,
    readable,
    target_of,
)
from wsproxy.engine.noting import CLIENT_LEFT, HttpNote
from wsproxy.engine.outgoing import Answer
from wsproxy.engine.ownanswer import send_own
from wsproxy.engine.server import connection_of
from wsproxy.engine.transport import take_client, take_upstream
from wsproxy.errors import ProxyError, Side, WsproxyError
from wsproxy.model.http import HttpRecord
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.handshake import (
    Headers,
    check_answer,
    check_request,
    header,
    header_values,
    is_upgrade,
    negotiated_extensions,
)
from wsproxy.relay.http_hooks import HttpResponse
from wsproxy.relay.interfaces import LiveConnection
from wsproxy.relay.session import STOP_SECONDS, Session
from wsproxy.relay.tasks import start_task

_log = logging.getLogger(__name__)


class Listener:
    """Listens for clients; each upgrade becomes a Session."""

    def __init__(self, environment: Environment) -> None:
        self._env = environment
        self.upstream = environment.upstream
        self.route = ""
        """What its connections are told apart by, where the proxy has several routes."""
        self._sessions: dict[int, Session] = {}
        self._asking: dict[int, HttpRecord] = {}
        """Requests of plain HTTP that have no whole answer yet, in their order."""
        self._all_ended = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._stopping = asyncio.Event()

    async def start(
        self,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None = None,
        *,
        reuse_port: bool = False,
    ) -> int:
        """Listen; returns the port, which is a free one for `port` 0.

        With `reuse_port` others may listen on it, too.

        Raises WsproxyError where the address cannot be had.
        """
        env = self._env
        self._server = ClientServer(
            self._handle,
            env.limits,
            env.hooks,
            env.upstream,
            env.tls,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            logger=_log,
        )
        self._runner = web.ServerRunner(
            self._server, handle_signals=False, shutdown_timeout=STOP_SECONDS
        )
        await self._runner.setup()
        self._server.hear_of_files()
        site = web.TCPSite(
            self._runner,
            host,
            port,
            ssl_context=ssl_context,
            backlog=1024,
            reuse_port=reuse_port or None,
        )
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
        await self._server.all_gone()

    def cut(self) -> None:
        """While stopping: wait no longer for anybody."""
        for session in list(self._sessions.values()):
            session.cut()
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def live(self) -> dict[int, LiveConnection]:
        """The open connections by their ids (web.interfaces.Connections)."""
        return dict(self._sessions)

    def asking(self) -> list[HttpRecord]:
        """Requests of plain HTTP that have no whole answer yet, as far as they have come."""
        return list(self._asking.values())

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        note = self._noted(request)
        with note.passing(self._passed):
            return await self._respond(request, note)

    async def _respond(self, request: web.BaseRequest, note: HttpNote) -> web.StreamResponse:
        try:
            client = self._server.client_of(request)
            if client is None:
                note.failed(CLIENT_LEFT)
                return Answered()
            if client.ready is not None:
                await asyncio.wait([client.ready])
            self._check(client, request)
            headers = headers_of(request)
            if is_upgrade(headers):
                return await self._upgrade(client, request, headers, note)
            exchange = self._exchange(client, request, headers, note)
            self._asking[id(note)] = note.record
            try:
                answer = await exchange.ask()
                return await (exchange.own() if answer is None else exchange.answer(answer))
            finally:
                del self._asking[id(note)]
        except ProxyError as error:
            # The record and the log have it: this is for those who see no log.
            _log.info("%s %s: %s", request.method, self._shown(request), error.reason)
            extra: Headers = []
            if error.status == 426:
                extra = [(hdrs.SEC_WEBSOCKET_VERSION, "13"), (hdrs.UPGRADE, "websocket")]
            note.failed(error.reason)
            return send_own(request, note, error.status, error.reason, extra)
        except ClientGoneError:
            note.failed(CLIENT_LEFT)
            return Answered()

    def _noted(self, request: web.BaseRequest) -> HttpNote:
        env = self._env
        target = request.raw_path
        record = HttpRecord(
            0,
            env.clock.time(),
            address_of(request),
            request.method,
            env.mask.target(target),
            env.mask.target(env.upstream.asked(asked_of(request))),
            f"HTTP/{request.version.major}.{request.version.minor}",
            env.mask.headers(readable(headers_of(request))),
        )
        return HttpNote(record, env.mask, env.clock.time, env.max_http_body)

    def _passed(self, record: HttpRecord) -> None:
        """A request that became no WebSocket is over."""
        record.id = self._env.recorder.next_http_id()
        self._env.journal.add_http(record)

    def _check(self, client: Client, request: web.BaseRequest) -> None:
        """Raises ProxyError for a request that leads nowhere."""
        upstream = self._env.upstream
        own = self._server.own_connections
        # Behind another name, a proxy may be its own upstream: then a client's connection is one
        # of its own, seen from the other end.
        transport = request.transport
        if transport and ends_of(transport, "peername", "sockname") in own:
            raise ProxyError(508, f"{upstream.url} is this proxy itself", Side.CLIENT)
        if client.dead is not None:
            raise ProxyError(502, f"cannot connect to {upstream.url}: {client.dead}", Side.SERVER)

    def _exchange(
        self, client: Client, request: web.BaseRequest, headers: Headers, note: HttpNote
    ) -> ClientExchange:
        env = self._env
        seconds = env.limits.request_seconds
        return ClientExchange(client, env.upstream, request, headers, seconds, note)

    def _opened(self, request: web.BaseRequest, headers: Headers) -> ConnectionRecord:
        env = self._env
        target = target_of(request)
        return ConnectionRecord(
            env.recorder.next_connection_id(),
            env.clock.time(),
            address_of(request),
            env.mask.target(env.upstream.dialled(target)),
            env.mask.target(target),
            env.mask.headers(readable(headers)),
            instance=env.instance,
            route=self.route,
        )

    async def _upgrade(
        self, client: Client, request: web.BaseRequest, headers: Headers, note: HttpNote
    ) -> web.StreamResponse:
        env = self._env
        connection = self._opened(request, headers)
        note.record.connection_id = connection.id
        answer = None
        try:
            key = check_request(request.method, headers)
            env.journal.connection_changed(connection)
            refused = await self._refused_by_fault(request, connection, note)
            if refused is not None:
                return refused
            exchange = self._exchange(client, request, headers, note)
            answer = await exchange.ask()
            if answer is None:
                self._answered(connection, exchange.hooks.response)
                return await exchange.own()
            connection.response_headers = env.mask.headers(readable(answer.headers))
            if answer.status != 101:
                # What a refusal says may still be on its way when it is recorded.
                self._hint(request, headers, answer)
                response = await exchange.answer(answer)
                self._answered(connection, exchange.hooks.response)
                return response
            check_answer(key, connection.response_headers)
        except ProxyError as error:
            if answer is not None:
                answer.close()
            self._refused(connection, End("failed", error.side.value, error.status, error.reason))
            raise
        except ClientGoneError:
            self._refused(connection, End("aborted", "client", None, "left before the answer"))
            raise
        if not await exchange.handshake(answer):
            answer.close()
            self._answered(connection, exchange.hooks.response)
            return await exchange.own()
        response_ = exchange.hooks.response
        assert response_ is not None
        exchange.hooks.upgraded(connection.id)
        note.upgraded = True
        return await self._relay(request, answer, connection, response_)

    def _shown(self, request: web.BaseRequest) -> str:
        return self._env.mask.target(request.raw_path)

    def _hint(self, request: web.BaseRequest, headers: Headers, answer: Answer) -> None:
        """Say what an upstream's 403 may be about."""
        origin = header(headers, hdrs.ORIGIN)
        hint = self._env.upstream.origin_hint(origin, proxy_origin(request))
        if answer.status == 403 and hint:
            _log.warning(
                "%s %s: 403 from the server; %s", request.method, self._shown(request), hint
            )

    async def _refused_by_fault(
        self, request: web.BaseRequest, connection: ConnectionRecord, note: HttpNote
    ) -> web.StreamResponse | None:
        """Do what a fault wants of a handshake; None where the handshake goes on."""
        faults = self._env.faults
        strike = (
            faults.refusal(connection, self._env.journal.add_fault) if faults is not None else None
        )
        if strike is None:
            return None
        await self._wait(request, math.inf if strike.never else strike.delay)
        connected = not connection_of(request).gone.done()
        if connected and strike.status is None and not strike.never:
            return None
        status = strike.status if connected else None
        self._refused(connection, End("refused", f"fault {strike.name}", status))
        note.failed(f"fault {strike.name}")
        if status is None:
            return Answered()
        return send_own(request, note, status, f"fault {strike.name}")

    async def _wait(self, request: web.BaseRequest, seconds: float) -> None:
        """Wait, but not longer than the client does, nor than the proxy runs."""
        gone = connection_of(request).gone
        stopping = start_task(self._stopping.wait(), "waiting for the end")
        either: list[asyncio.Future[Any]] = [gone, stopping]
        await asyncio.wait(
            either,
            timeout=None if math.isinf(seconds) else seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()

    def _answered(self, connection: ConnectionRecord, response: HttpResponse | None) -> None:
        """A handshake ended with another answer than 101, or with none."""
        if response is None:
            self._refused(connection, End("aborted", "addon", None, "killed by an addon"))
            return
        connection.status, connection.reason = response.status, response.reason
        by = "server" if connection.response_headers else "addon"
        connection.response_headers = self._env.mask.headers(readable(response.headers))
        self._refused(connection, End("refused", by, response.status, response.reason))

    async def _relay(
        self,
        request: web.BaseRequest,
        answer: Answer,
        connection: ConnectionRecord,
        response: HttpResponse,
    ) -> web.StreamResponse:
        """`answer` is the upstream's 101, `response` what the client gets to see of it."""
        env = self._env
        headers = connection.response_headers
        connection.status = answer.status
        (_, connection.reason), *_ = readable([("", response.reason)])
        connection.subprotocol = header(headers, "Sec-WebSocket-Protocol")
        connection.extensions = ", ".join(header_values(headers, "Sec-WebSocket-Extensions"))
        try:
            server, early_downstream, ended = take_upstream(answer.connection)
            client, early_upstream = take_client(request)
        except ConnectionResetError as error:
            answer.close()
            self._refused(connection, End("aborted", None, None, str(error)))
            return Answered()
        client.write(head_of(101, response.reason, response.headers))
        session = Session(
            connection,
            client,
            server,
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
            chains = [faults.chain(connection, d, env.journal.add_fault) for d in Direction]
            session.intercept(env.interceptions, chains)
        elif env.interceptions:
            session.intercept(env.interceptions)
        client.attach(session, early_upstream)
        server.attach(session, early_downstream, ended=ended)
        return Answered()

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
