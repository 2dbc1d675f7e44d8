"""WebSocket connections out of packets: handshakes, frames, ends, and what comments tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from wsproxy.formats.interfaces import Imported
from wsproxy.formats.jsonl import fault_of
from wsproxy.formats.packets import End as Endpoint
from wsproxy.formats.packets import Packet
from wsproxy.formats.reassembly import Way
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction, End, FrameRecord, MessageRecord
from wsproxy.protocol.handshake import Headers, header, is_upgrade, negotiated_extensions
from wsproxy.relay.decoder import StreamDecoder

MAX_HEAD = 256 * 1024
"""Bytes of a handshake's head."""

MAX_PAYLOAD = 1 << 40
"""Bytes of a payload that are kept: all there are."""

_FIN, _SYN, _RST = 0x01, 0x02, 0x04
_UP, _DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


class Conversation:
    """One TCP connection that may become a WebSocket."""

    def __init__(self, numbers: Iterator[int]) -> None:
        """`numbers` gives the connection's, once it turns out to be a WebSocket."""
        self._numbers = numbers
        self._client: Endpoint | None = None
        self._ways = (Way(), Way())
        self._heads = [b"", b""]
        self.record: ConnectionRecord | None = None
        self.decoders: list[StreamDecoder] = []
        self._off = False
        self._marks: dict[str, dict[str, Any]] = {}
        """By a packet's id: all that its comments say."""
        self._opening: dict[str, Any] = {}
        self.changed: dict[str, MessageRecord] = {}
        """Messages of which what went on in their place is still to come."""

    @property
    def lost(self) -> int:
        """Bytes behind a packet that never came."""
        return sum(way.lost for way in self._ways) if self.record is not None else 0

    def packet(self, packet: Packet) -> Iterator[Imported]:
        """What a packet brings."""
        if self._client is None:
            answer = packet.flags & 0x12 == 0x12  # SYN and ACK
            self._client = packet.target if answer else packet.source
        direction = _UP if packet.source == self._client else _DOWN
        way = self._ways[direction]
        if packet.flags & _SYN:
            way.begin((packet.sequence + 1) & 0xFFFFFFFF)
        yield from self._told(packet)
        if self._off:
            return
        if packet.data:
            ready = way.add(packet.sequence, packet.data)
            if ready:
                server = packet.target if direction is _UP else packet.source
                yield from self._bytes(direction, ready, packet, server)
        if packet.flags & (_FIN | _RST) and self.record is not None and self.record.closed is None:
            self.record.closed = packet.time
            self.record.end = self._end(direction, packet)
            yield self.record

    def finish(self) -> Iterator[Imported]:
        """There are no more packets."""
        for way in self._ways:
            way.give_up()
        yield from self.changed.values()
        self.changed.clear()

    def _told(self, packet: Packet) -> Iterator[Imported]:
        """What wsproxy's comments say, beside what it says of the packet's frame."""
        for mark in packet.marks:
            if mark.get("event") == "connection":
                self._opening |= mark
            elif mark.get("event") == "fault" and self.record is not None:
                try:
                    yield fault_of({**mark, "connection": self.record.id})
                except (KeyError, ValueError, TypeError, AttributeError):
                    continue
            elif packet.id:
                self._marks.setdefault(packet.id, {}).update(mark)
            elif "note" in mark:
                self._opening["note"] = mark

    def _end(self, direction: Direction, packet: Packet) -> End:
        told = next((m for m in packet.marks if m.get("event") == "connection"), None)
        if told is not None and told.get("state") not in (None, "open"):
            return End(told["state"], told.get("by"), told.get("code"), told.get("reason") or "")
        closes = [decoder for decoder in self.decoders if decoder.close is not None]
        first = min(closes, key=lambda each: each.close.time, default=None)  # type: ignore[union-attr]
        if first is None or first.close is None:
            return End("aborted", direction.sender.value)
        how = "aborted" if packet.flags & _RST else "closed"
        return End(how, first.direction.sender.value, first.close.code, first.close.reason)

    def _bytes(
        self, direction: Direction, data: bytes, packet: Packet, server: Endpoint
    ) -> Iterator[Imported]:
        if self.decoders:
            yield from self._decode(direction, data, packet)
            return
        self._heads[direction] += data
        head, end, rest = self._heads[direction].partition(b"\r\n\r\n")
        if not end:
            self._off = len(head) > MAX_HEAD
            return
        first, headers = _parse(head)
        if direction is _UP:
            if self.record is None and not is_upgrade(headers):
                self._off = True
            elif self.record is None:
                target = first.split(" ")[1] if first.count(" ") >= 2 else "/"
                self.record = self._opened(packet.time, target, headers, server)
        elif self.record is not None:
            yield from self._answered(self.record, first, headers, packet, rest)

    def _opened(
        self, time: float, target: str, headers: Headers, server: Endpoint
    ) -> ConnectionRecord:
        told = self._opening
        return ConnectionRecord(
            next(self._numbers),
            time,
            str(told.get("client", _joined(self._client or ("", "")))),
            str(told.get("upstream", f"ws://{_joined(server)}{target}")),
            target,
            headers,
        )

    def _answered(
        self, record: ConnectionRecord, first: str, headers: Headers, packet: Packet, rest: bytes
    ) -> Iterator[Imported]:
        words = first.split(" ", 2)
        record.status = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
        record.reason = words[2] if len(words) > 2 else ""
        record.response_headers = headers
        record.subprotocol = header(headers, "Sec-WebSocket-Protocol")
        record.extensions = header(headers, "Sec-WebSocket-Extensions") or ""
        if record.status != 101:
            self._off = True
            record.closed, record.end = packet.time, End("refused", "server", record.status)
        yield record
        note = self._opening.get("note")
        if note is not None:
            text, marked = str(note["note"]), bool(note.get("marked"))
            yield NoteRecord(record.id, None, None, text, marked)
        if self._off:
            return
        negotiated = negotiated_extensions(headers)
        self.decoders = [
            StreamDecoder(record.id, way, negotiated, MAX_PAYLOAD) for way in Direction
        ]
        early = self._heads[_UP].partition(b"\r\n\r\n")[2]
        for way, left in ((_UP, early), (_DOWN, rest)):
            if left:
                yield from self._decode(way, left, packet)

    def _decode(self, direction: Direction, data: bytes, packet: Packet) -> Iterator[Imported]:
        for seen in decoded(self.decoders[direction], data, packet.time):
            yield seen.record
            mark = self._marks.pop(packet.id, {}) if packet.id else {}
            message = self._message(seen, mark)
            if mark.get("verdict") == "changed" and message is not None:
                self.changed[packet.id] = message
            elif message is not None:
                yield message
            yield from _noted(seen.record, mark)

    def _message(self, seen: Seen, mark: dict[str, Any]) -> MessageRecord | None:
        if mark.get("verdict") not in ("changed", "dropped") or seen.record.message is None:
            return seen.message
        message = seen.message or message_of(seen)
        return replace(message, verdict=mark["verdict"], cause=mark.get("cause"))


class SentLeg:
    """In a file of wsproxy's own: what went on of a connection, where something was changed."""

    def __init__(self, received: Conversation) -> None:
        self._received = received
        self._ways = (Way(), Way())
        self._client: Endpoint | None = None
        self._heads = [b"", b""]
        self._decoders: list[StreamDecoder] | None = None
        self._marks: dict[str, dict[str, Any]] = {}

    def packet(self, packet: Packet) -> Iterator[Imported]:
        """What a packet brings."""
        if self._client is None:
            self._client = packet.source
        direction = _UP if packet.source == self._client else _DOWN
        way = self._ways[direction]
        if packet.flags & _SYN:
            way.begin((packet.sequence + 1) & 0xFFFFFFFF)
        for mark in packet.marks:
            self._marks.setdefault(packet.id, {}).update(mark)
        data = way.add(packet.sequence, packet.data) if packet.data else b""
        if not data:
            return
        if not packet.id:  # the handshake, once more
            return
        if self._decoders is None:
            record = self._received.record
            number = record.id if record is not None else 0
            self._decoders = [
                StreamDecoder(number, each, max_payload=MAX_PAYLOAD) for each in Direction
            ]
        for seen in decoded(self._decoders[direction], data, packet.time):
            yield from self._sent(seen, packet.id)

    def _sent(self, seen: Seen, packet_id: str) -> Iterator[Imported]:
        mark = self._marks.pop(packet_id, {})
        changed = self._received.changed.pop(packet_id, None)
        record = seen.record
        if changed is not None:
            content = seen.message.content if seen.message is not None else record.frame.payload
            yield replace(changed, sent=content)
        elif "origin" in mark or mark.get("verdict") == "injected":
            number = None
            if record.message is not None and self._received.decoders:
                number = self._received.decoders[record.direction].next_number()
            frame = record._replace(message=number, origin=str(mark.get("origin", "wsproxy")))
            yield frame
            if number is not None:
                message = message_of(seen._replace(record=frame))
                yield replace(message, verdict="injected", cause=mark.get("cause"))
            yield from _noted(frame, mark)


def decoded(decoder: StreamDecoder, data: bytes, time: float) -> Iterator[Seen]:
    """The frames that end in `data`."""
    out = BatchBuilder()
    while data:
        data = decoder.decode(data, time, out, lambda: False)
    yield from out.build_batch(1).seen()


def _noted(record: FrameRecord, mark: dict[str, Any]) -> Iterator[NoteRecord]:
    if "note" in mark and record.message is not None:
        key = (record.connection_id, record.direction, record.message)
        yield NoteRecord(*key, str(mark["note"]), bool(mark.get("marked")))


def message_of(seen: Seen) -> MessageRecord:
    """The record of a message in one frame."""
    record, frame = seen.record, seen.record.frame
    length = frame.payload_length
    return MessageRecord(
        record.connection_id, record.direction, record.message or 0, record.time,
        frame.opcode, frame.payload, length, length,
    )  # fmt: skip


def _joined(end: Endpoint) -> str:
    return f"[{end[0]}]:{end[1]}" if ":" in end[0] else f"{end[0]}:{end[1]}"


def _parse(head: bytes) -> tuple[str, Headers]:
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return first, [(name.strip(), value.strip()) for name, _, value in pairs]
