"""mitmproxy's flow files (format 21), written and read by mitmproxy's own FlowWriter and
FlowReader: a flow a connection. A whole connection is in memory at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from wsproxy.errors import WsproxyError
from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported
from wsproxy.formats.made import MadeMessages
from wsproxy.formats.selection import EVERYTHING, Selection, connections_of, told
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction, End
from wsproxy.protocol.frames import Opcode
from wsproxy.protocol.handshake import Headers, header

try:
    from mitmproxy import connection, exceptions, http, websocket
    from mitmproxy import flow as mitm_flow
    from mitmproxy.io import FlowReader, FlowWriter
except ImportError:
    raise WsproxyError(
        "mitmproxy's flow files need mitmproxy; pip install 'wsproxy[mitmproxy]'"
    ) from None


_log = logging.getLogger(__name__)

NOTES = "wsproxy_notes"
"""In a flow's metadata: [place of the message from 0, note, bookmark] each; mitmproxy's own
messages have no room for one."""

TARGET = "wsproxy_target"
"""In a flow's metadata: path and query as the client wrote them; the flow has the upstream's."""

LARGE = 256 * 1024 * 1024
"""Bytes of a connection's messages from which the log says that they are in memory as a whole."""

MARK = ":default:"
"""mitmproxy's mark without a picture of its own."""


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write a flow a connection."""
    writer = FlowWriter(out)  # type: ignore[no-untyped-call]
    for record in connections_of(reader, selection).values():
        part = selection.of(record.id)
        messages: list[websocket.WebSocketMessage] = []
        notes: list[list[Any]] = []
        size = 0
        for thing in told(reader, part):
            if isinstance(thing, Seen):
                for message in _messages(thing):
                    messages.append(message)
                    size += len(message.content)
                    if size - len(message.content) < LARGE <= size:
                        _log.warning(
                            "connection %d has more than %d MiB of messages, and a flow is in memory"
                            " as a whole: choose fewer (--filter, --since) or another format",
                            record.id, LARGE >> 20,
                        )  # fmt: skip
                if thing.note is not None and thing.record.frame.fin:
                    notes.append([len(messages) - 1, thing.note.text, thing.note.marked])
        if messages or selection.whole:
            flow = _flow(record, messages)
            if notes:
                flow.metadata[NOTES] = notes
            writer.add(flow)
    for request in reader.http():
        # An upgrade that was asked for is a flow already, as a connection.
        if request.connection_id is None and selection.takes_http(request):
            writer.add(_http_flow(request))


def _messages(seen: Seen) -> Iterator[websocket.WebSocketMessage]:
    record, message = seen.record, seen.message
    if record.message is None or not record.frame.fin:
        return
    opcode = record.frame.opcode if message is None else message.opcode
    if opcode not in (Opcode.TEXT, Opcode.BINARY):
        opcode = Opcode.BINARY
    content = record.frame.payload if message is None else message.content
    if message is not None and message.sent is not None:
        content = message.sent  # mitmproxy keeps what went on
    yield websocket.WebSocketMessage(
        int(opcode),
        record.direction is Direction.UPSTREAM,
        content,
        record.time,
        dropped=message is not None and message.verdict == "dropped",
        injected=message is not None and message.verdict == "injected",
    )


def _flow(record: ConnectionRecord, messages: list[websocket.WebSocketMessage]) -> http.HTTPFlow:
    url = urlsplit(record.upstream_url)
    tls = url.scheme in ("wss", "https")
    host, port = url.hostname or "server", url.port or (443 if tls else 80)
    client_host, _, client_port = record.client.rpartition(":")
    client = connection.Client(
        peername=(client_host.strip("[]"), int(client_port) if client_port.isdecimal() else 0),
        sockname=("", 0),
        timestamp_start=record.opened,
    )
    client.timestamp_end = record.closed
    server = connection.Server(address=(host, port))
    server.timestamp_start = record.opened
    server.timestamp_end = record.closed
    server.tls = tls
    flow = http.HTTPFlow(client, server)
    flow.request = http.Request(
        host, port, b"GET", b"https" if tls else b"http", b"",
        _encode((url.path or "/") + (f"?{url.query}" if url.query else "")),
        b"HTTP/1.1",
        _fields(record.request_headers), b"", None, record.opened, record.opened,
    )  # fmt: skip
    if record.status is not None:
        flow.response = http.Response(
            b"HTTP/1.1", record.status, _encode(record.reason), _fields(record.response_headers),
            b"", None, record.opened, record.opened,
        )  # fmt: skip
    flow.timestamp_created = record.opened
    flow.metadata[TARGET] = record.target
    flow.comment, flow.marked = record.note, MARK if record.marked else ""
    if record.status == 101:
        end = record.end
        flow.websocket = websocket.WebSocketData(messages)
        if end is not None:
            flow.websocket.closed_by_client = end.by == "client"
            flow.websocket.close_code = end.code if end.how == "closed" else 1006
            flow.websocket.close_reason = end.reason
            flow.websocket.timestamp_end = record.closed
    return flow


def _http_flow(record: HttpRecord) -> http.HTTPFlow:
    url = urlsplit(record.upstream_url)
    tls = url.scheme == "https"
    host, port = url.hostname or "server", url.port or (443 if tls else 80)
    client_host, _, client_port = record.client.rpartition(":")
    peer = (client_host.strip("[]"), int(client_port) if client_port.isdecimal() else 0)
    client = connection.Client(peername=peer, sockname=("", 0), timestamp_start=record.started)
    server = connection.Server(address=(host, port))
    server.tls = tls
    flow = http.HTTPFlow(client, server)
    flow.request = http.Request(
        host, port, _encode(record.method), b"https" if tls else b"http", b"",
        _encode((url.path or "/") + (f"?{url.query}" if url.query else "")),
        _encode(record.version), _fields(record.request_headers), record.request_body, None,
        record.started, record.started,
    )  # fmt: skip
    if record.status is not None:
        flow.response = http.Response(
            _encode(record.version), record.status, _encode(record.reason),
            _fields(record.response_headers), record.response_body, None,
            record.answered or record.started, record.ended,
        )  # fmt: skip
    if record.error is not None:
        flow.error = mitm_flow.Error(record.error, record.ended or record.started)
    flow.timestamp_created = record.started
    return flow


def _read_http(number: int, flow: http.HTTPFlow) -> HttpRecord:
    request, response = flow.request, flow.response
    peer: Any = flow.client_conn.peername
    asked, sent = request.raw_content or b"", (response and response.raw_content) or b""
    host = f"[{request.host}]" if ":" in request.host else request.host
    return HttpRecord(
        number,
        request.timestamp_start,
        f"{peer[0]}:{peer[1]}" if peer else "",
        request.method,
        request.path,
        f"{request.scheme}://{host}:{request.port}{request.path}",
        request.http_version,
        _headers(request.headers),
        None,
        response.status_code if response else None,
        (response.reason or "") if response else "",
        _headers(response.headers) if response else [],
        response.timestamp_start if response else None,
        response.timestamp_end if response else None,
        flow.error.msg if flow.error else None,
        len(asked),
        len(sent),
        asked,
        sent,
    )


def read(file: BinaryIO) -> Iterator[Imported]:
    """The WebSockets of a flow file; raises FormatError."""
    number = requests = 0
    try:
        for flow in FlowReader(file).stream():
            if not isinstance(flow, http.HTTPFlow):
                continue
            if _is_websocket(flow):
                number += 1
                yield from _read_flow(number, flow)
            else:
                requests += 1
                yield _read_http(requests, flow)
    except exceptions.FlowReadException as error:
        raise FormatError(f"it is not a flow file, or cut off: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        # mitmproxy takes the fields of a flow for what they should be.
        raise FormatError(f"flow {number + requests + 1} of it is damaged") from None


def _is_websocket(flow: mitm_flow.Flow) -> bool:
    assert isinstance(flow, http.HTTPFlow)
    return flow.websocket is not None or "websocket" in flow.request.headers.get("upgrade", "")


def _read_flow(number: int, flow: http.HTTPFlow) -> Iterator[Imported]:
    request, response, data = flow.request, flow.response, flow.websocket
    host = f"[{request.host}]" if ":" in request.host else request.host
    scheme = "wss" if request.scheme == "https" else "ws"
    headers = _headers(response.headers) if response else []
    peer: Any = flow.client_conn.peername
    yield ConnectionRecord(
        number,
        request.timestamp_start,
        f"{peer[0]}:{peer[1]}" if peer else "",
        f"{scheme}://{host}:{request.port}{request.path}",
        str(flow.metadata.get(TARGET, request.path)),
        _headers(request.headers),
        response.status_code if response else None,
        (response.reason or "") if response else "",
        headers,
        header(headers, "Sec-WebSocket-Protocol"),
        header(headers, "Sec-WebSocket-Extensions") or "",
        data.timestamp_end if data else flow.client_conn.timestamp_end,
        _end(flow),
    )
    note = NoteRecord(number, None, None, flow.comment, bool(flow.marked))
    if not note.empty:
        yield note
    notes = {place: (str(text), bool(marked)) for place, text, marked in _notes(flow)}
    made = MadeMessages(number)
    for place, message in enumerate(data.messages if data else ()):
        verdict = "dropped" if message.dropped else "injected" if message.injected else "relayed"
        direction = Direction.UPSTREAM if message.from_client else Direction.DOWNSTREAM
        yield from made.message(
            direction, message.timestamp, int(message.type), message.content, verdict=verdict
        )
        if place in notes:
            text, marked = notes[place]
            yield made.note(direction, text, marked=marked)


def _notes(flow: http.HTTPFlow) -> list[tuple[Any, Any, Any]]:
    found = flow.metadata.get(NOTES, [])
    if not isinstance(found, list):
        return []
    return [tuple(item) for item in found if isinstance(item, (list, tuple)) and len(item) == 3]


def _end(flow: http.HTTPFlow) -> End | None:
    data = flow.websocket
    if data is None:
        if flow.response is None:
            return End("failed", "server")
        return End("refused", "server", flow.response.status_code)
    if data.timestamp_end is None:
        return None
    by = {True: "client", False: "server"}.get(data.closed_by_client)  # type: ignore[arg-type]
    if data.close_code == 1006:
        return End("aborted", by)
    return End("closed", by, data.close_code, data.close_reason or "")


def _fields(headers: Headers) -> http.Headers:
    return http.Headers([(_encode(name), _encode(value)) for name, value in headers])


def _headers(headers: http.Headers) -> Headers:
    return [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in headers.fields
    ]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
