"""pcapng for Wireshark and tshark: TCP/IP made up around the bytes that were.

Two interfaces: `received` has what both peers sent. From the first message on that was changed,
dropped or injected on a connection, a second conversation on `sent` has what went on to them.
"""

from __future__ import annotations

import json
import logging
from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import BinaryIO
from urllib.parse import urlsplit

from wsproxy import __version__
from wsproxy.formats import blocks
from wsproxy.formats.interfaces import CaptureReader, Told
from wsproxy.formats.selection import EVERYTHING, Selection, told
from wsproxy.formats.tcp import Address, Endpoint, Stream
from wsproxy.formats.wire import (
    Plain,
    frame_bytes,
    plain_bytes,
    request_bytes,
    response_bytes,
)
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord
from wsproxy.render.jsonl import connection_object, fault_object

RECEIVED, SENT = 0, 1
RECEIVED_NAME, SENT_NAME = "received", "sent"

SERVER_PORT = 80
"""Servers are here, whatever their port was: so Wireshark takes what passes for HTTP, not for TLS."""

_log = logging.getLogger(__name__)

_PROXY4, _PROXY6 = IPv4Address("192.0.2.254"), IPv6Address("2001:db8::fe")
_UP, _DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write what is selected."""
    writer = PcapngWriter(out, whole=selection.whole)
    for thing in told(reader, selection):
        writer.add(thing)
    writer.finish()


def writer(out: BinaryIO, selection: Selection) -> PcapngWriter:
    """What writes what is told later."""
    return PcapngWriter(out, whole=selection.whole)


class PcapngWriter:
    """Writes what it is told, in the order it is told, at once."""

    def __init__(self, out: BinaryIO, *, whole: bool = True) -> None:
        """Without `whole` frames are missing, and so compressed messages are written inflated."""
        self._out = out
        self._whole = whole
        self._conversations: dict[int, _Conversation] = {}
        self._ends: list[tuple[float, int]] = []
        self.late = 0
        """Frames and strikes that were told after the end of their connection: TCP has no room."""
        self._servers: dict[str, Address] = {}
        out.write(blocks.section_header(f"wsproxy {__version__}"))
        out.write(blocks.interface(RECEIVED_NAME, "what the peers sent"))
        out.write(blocks.interface(SENT_NAME, "what went on to them, where something was changed"))

    def add(self, thing: Told) -> None:
        """Write a frame or a fault, or what is new about a connection."""
        if isinstance(thing, ConnectionRecord):
            self._connection(thing)
            return
        if isinstance(thing, HttpRecord):
            return
        fault = isinstance(thing, FaultRecord)
        number, time = (
            (thing.connection_id, thing.time)
            if isinstance(thing, FaultRecord)
            else (thing.record.connection_id, thing.record.time)
        )
        self._end_until(time)
        conversation = self._conversations.get(number)
        if conversation is None:
            self.late += 1
            return
        if fault:
            conversation.fault(thing)  # type: ignore[arg-type]
        else:
            conversation.frame(thing)  # type: ignore[arg-type]

    def finish(self) -> None:
        """End the connections that have ended."""
        self._end_until(float("inf"))
        if self.late:
            _log.warning(
                "%d frames are later than the end of their connection: left out", self.late
            )

    def _connection(self, connection: ConnectionRecord) -> None:
        known = self._conversations.get(connection.id)
        if known is None:
            self._end_until(connection.opened)
            ends = self._ends_of(connection)
            known = _Conversation(self._out, connection, *ends, whole=self._whole)
            self._conversations[connection.id] = known
        elif connection.closed is not None:  # told again: there is no more of it
            known.update(connection)
            del self._conversations[connection.id]
            known.end()
            return
        known.update(connection)
        if connection.closed is not None:
            heappush(self._ends, (connection.closed, connection.id))

    def _end_until(self, time: float) -> None:
        while self._ends and self._ends[0][0] < time:
            _, number = heappop(self._ends)
            conversation = self._conversations.pop(number, None)
            if conversation is not None:
                conversation.end()

    def _ends_of(self, connection: ConnectionRecord) -> tuple[Endpoint, Endpoint]:
        host, _, port = connection.client.rpartition(":")
        try:
            client = ip_address(host.strip("[]"))
            client_port = int(port) & 0xFFFF
        except ValueError:  # made up, as in many HAR files
            client, client_port = IPv4Address("198.51.100.1"), 1024 + connection.id % 60_000
        name = _host(connection.upstream_url)
        server = self._servers.get(f"{name}/{client.version}")
        if server is None:
            server = self._server(name, client.version)
            self._servers[f"{name}/{client.version}"] = server
            self._out.write(blocks.names({server: name}))
        return (client, client_port), (server, SERVER_PORT)

    def _server(self, name: str, version: int) -> Address:
        """An address for a server: its own if it has one of this version, else one that is free."""
        try:
            address = ip_address(name)
            if address.version == version:
                return address
        except ValueError:
            pass
        number = len(self._servers) % 200 + 1
        if version == 4:
            return IPv4Address(f"192.0.2.{number}")
        return IPv6Address(f"2001:db8::{number:x}")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "server"
    except ValueError:
        return "server"


class _Conversation:
    """One connection on both interfaces."""

    def __init__(
        self,
        out: BinaryIO,
        connection: ConnectionRecord,
        client: Endpoint,
        server: Endpoint,
        *,
        whole: bool,
    ) -> None:
        self._out = out
        self._connection = connection
        self._ends = (client, server)
        self._plain = None if whole else Plain()
        self._streams: list[Stream | None] = [Stream(client, server, connection.id), None]
        self._answered = False
        self._last = connection.opened
        comments = [_json(connection_object(connection))]
        if connection.note or connection.marked:
            comments.append(_json({"note": connection.note, "marked": connection.marked}))
        for index, packet in enumerate(self._stream(RECEIVED).open()):
            self._put(RECEIVED, packet, comments if index == 0 else ())
        self._send(RECEIVED, _UP, request_bytes(connection))

    def update(self, connection: ConnectionRecord) -> None:
        """There may be an answer by now, or an end."""
        self._connection = connection

    def frame(self, seen: Seen) -> None:
        """A frame that passed."""
        self._answer()
        record, message = seen.record, seen.message
        self._last = max(self._last, record.time)
        marks = _marks(seen)
        if record.origin is None:
            data = frame_bytes(record) if self._plain is None else self._plain.of(seen)
            if data:
                self._send(RECEIVED, record.direction, data, marks, seen.id)
        changed = message is not None and message.verdict != "relayed"
        if changed or record.origin is not None:
            self._open_sent()
        if self._streams[SENT] is None:
            return
        if record.message is None or (message is None and record.frame.fin):
            data = frame_bytes(record)
        elif message is None or message.verdict == "dropped":
            return  # a fragment: it goes with the last one
        else:
            content = message.content if message.sent is None else message.sent
            data = plain_bytes(record, message.opcode, content)
        self._send(SENT, record.direction, data, marks, seen.id)

    def fault(self, fault: FaultRecord) -> None:
        """A fault that struck: a mark on a packet of its own."""
        self._last = max(self._last, fault.time)
        direction = _DOWN if fault.direction is None else fault.direction.other
        short = fault._replace(before=fault.before[:1024], after=fault.after[:1024])
        packet = self._stream(RECEIVED).acknowledge(direction)
        self._put(RECEIVED, packet, [_json(fault_object(short))])

    def end(self) -> None:
        """It has ended."""
        self._answer()
        connection = self._connection
        self._last = max(connection.closed or 0.0, self._last)
        comment = _json(connection_object(connection))
        direction = _UP if connection.end is not None and connection.end.by == "client" else _DOWN
        for interface, stream in enumerate(self._streams):
            if stream is None:
                continue
            peaceful = connection.end is None or connection.end.how != "aborted"
            packets = list(stream.close(direction)) if peaceful else [stream.reset(direction)]
            for index, packet in enumerate(packets):
                self._put(interface, packet, [comment] if index == 0 else ())

    def _answer(self) -> None:
        if not self._answered and self._connection.status is not None:
            self._answered = True
            self._send(RECEIVED, _DOWN, response_bytes(self._connection))

    def _open_sent(self) -> None:
        if self._streams[SENT] is not None:
            return
        (client, port), server = self._ends
        proxy = (_PROXY4 if client.version == 4 else _PROXY6, port)
        self._streams[SENT] = Stream(proxy, server, self._connection.id)
        for packet in self._stream(SENT).open():
            self._put(SENT, packet)
        self._send(SENT, _UP, request_bytes(self._connection))
        self._send(SENT, _DOWN, response_bytes(self._connection))

    def _stream(self, interface: int) -> Stream:
        stream = self._streams[interface]
        assert stream is not None
        return stream

    def _send(
        self,
        interface: int,
        direction: Direction,
        data: bytes,
        comments: list[str] | tuple[()] = (),
        packet_id: int | None = None,
    ) -> None:
        for packet in self._stream(interface).send(direction, data):
            self._put(interface, packet, comments, packet_id)
            comments = ()

    def _put(
        self,
        interface: int,
        packet: bytes,
        comments: list[str] | tuple[()] = (),
        packet_id: int | None = None,
    ) -> None:
        self._out.write(blocks.packet(interface, self._last, packet, comments, packet_id))


def _marks(seen: Seen) -> list[str]:
    """What wsproxy knows of a frame that its bytes do not tell, a JSON object each."""
    record, message = seen.record, seen.message
    marks: list[str] = []
    if seen.note is not None:
        marks.append(_json({"note": seen.note.text, "marked": seen.note.marked}))
    if message is not None and message.verdict != "relayed":
        marks.append(_json({"verdict": message.verdict, "cause": message.cause}))
    if record.origin is not None:
        marks.append(_json({"origin": record.origin}))
    if record.frame.payload_cut:
        marks.append(_json({"payload_cut": True, "payload_length": record.frame.payload_length}))
    violations = (*record.violations, *(message.violations if message else ()))
    marks += [
        _json({"violation": v.rule, "section": v.section, "text": v.text, "side": v.side.value})
        for v in dict.fromkeys(violations)
    ]
    return marks


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))
