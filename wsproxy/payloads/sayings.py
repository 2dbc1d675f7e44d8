"""What records say: frames are fed in the order they passed, and messages come out decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from wsproxy.filters.subject import Subject
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, FrameRecord, MessageRecord
from wsproxy.payloads.conversation import Conversations, in_one_line
from wsproxy.payloads.decoded import Decoded, Facts, Payload, Role, Sure
from wsproxy.payloads.pairs import Exchange, Pairs
from wsproxy.payloads.rules import DecodeRule
from wsproxy.protocol.frames import Opcode

PLAIN = frozenset({"json", "json-lines", "form"})
"""Formats that are read as easily as what is said about them."""


class Said(NamedTuple):
    """What one message says."""

    packets: tuple[Decoded, ...]
    exchanges: tuple[Exchange | None, ...]
    """Of each packet, the exchange that it belongs to, as it stood with this packet."""
    latency: float | None = None
    """Seconds since the request, if a packet answers one or ends its exchange."""

    @property
    def line(self) -> str:
        """All packets in one line."""
        return in_one_line(list(self.packets))

    @property
    def plain(self) -> bool:
        """Whether the payload itself is as good a line."""
        return all(one.protocol in PLAIN and one.sure is Sure.GUESS for one in self.packets)


class Sayings:
    """Decodes the messages of many connections, and pairs requests with answers."""

    def __init__(
        self,
        connection_of: Callable[[int], ConnectionRecord | None],
        rules: Sequence[DecodeRule] = (),
        most: int | None = None,
    ) -> None:
        """`most`: bytes of each content that are looked at, for those in a hurry."""
        self._most = most
        self._connection_of = connection_of
        self._conversations = Conversations(self._facts, list(rules))
        self._pairs: dict[int, Pairs] = {}

    def of(self, frame_id: int, record: FrameRecord, message: MessageRecord | None) -> Said | None:
        """What the message says that the frame ends.

        None for control frames and fragments, for what is opaque, and for what nobody understands.
        """
        payload = payload_of(record, message)
        if payload is None:
            return None
        if self._most is not None and len(payload.content) > self._most:
            payload = payload._replace(content=payload.content[: self._most])
        number = record.connection_id
        packets = self._conversations.feed(number, payload)
        if not packets:
            return None
        pairs = self._pairs.get(number)
        if pairs is None:
            pairs = self._pairs[number] = Pairs()
            if len(self._pairs) > len(self._conversations):
                self._pairs = {
                    key: value for key, value in self._pairs.items() if key in self._conversations
                }
        latency = None
        exchanges = []
        for one in packets:
            exchange = pairs.feed(one, payload.direction, record.time, frame_id)
            exchanges.append(exchange)
            if exchange is not None and one.pair is not None and _closes(one, exchange, frame_id):
                latency = record.time - exchange.asked
        return Said(tuple(packets), tuple(exchanges), latency)

    def waiting(self, asked_before: float) -> list[tuple[int, Exchange]]:
        """Requests without any answer, each with its connection."""
        return [
            (number, exchange)
            for number, pairs in self._pairs.items()
            for exchange in pairs.waiting(asked_before=asked_before)
        ]

    def forget(self, connection_id: int) -> None:
        """The connection has ended."""
        self._conversations.close(connection_id)
        self._pairs.pop(connection_id, None)

    def _facts(self, connection_id: int) -> Facts:
        return facts_of(self._connection_of(connection_id))


def _closes(one: Decoded, exchange: Exchange, frame_id: int) -> bool:
    role = one.pair.role if one.pair is not None else Role.REQUEST
    if role is Role.REQUEST:
        return False
    return frame_id in (exchange.answer, exchange.last)


def facts_of(connection: ConnectionRecord | None) -> Facts:
    """What decoders are told of a connection."""
    if connection is None:
        return Facts()
    return Facts(connection.target, connection.subprotocol, connection.request_headers)


def payload_of(record: FrameRecord, message: MessageRecord | None) -> Payload | None:
    """The whole message that a frame ends; None for anything else, and for what is opaque."""
    frame = record.frame
    if record.message is None or not frame.fin or not frame.complete:
        return None
    if message is not None:
        if message.opaque is not None:
            return None
        text = message.opcode == Opcode.TEXT
        return Payload(record.direction, text, message.content, message.content_length)
    if frame.rsv1 or frame.opcode not in (Opcode.TEXT, Opcode.BINARY):
        return None  # compressed, or the end of a message whose record is gone
    text = frame.opcode == Opcode.TEXT
    return Payload(record.direction, text, frame.payload, frame.payload_length)


class InFlightSayings:
    """Decodes messages that are held, for the filters of faults and breakpoints.

    Only what somebody asks about is decoded, so a decoder may not have seen the beginning of the
    connection. Each message is decoded once, as it came.
    """

    def __init__(self, rules: Sequence[DecodeRule] = ()) -> None:
        self._connections: dict[int, ConnectionRecord] = {}
        self._conversations = Conversations(
            lambda number: facts_of(self._connections.pop(number, None)), list(rules)
        )
        self._last: dict[tuple[int, int], tuple[int | None, list[Decoded]]] = {}
        """Of each lane, the number of its last message and what that says."""

    def describe(
        self, subject: Subject, in_flight: InFlightMessage, connection: ConnectionRecord
    ) -> Subject:
        """Put what the message says where filters look for it; returns the subject."""
        if in_flight.is_control or in_flight.opaque is not None:
            return subject
        key = (connection.id, int(in_flight.direction))
        number, packets = self._last.get(key, (None, []))
        if number is None or number != in_flight.number:
            if connection.id not in self._conversations:
                self._connections[connection.id] = connection
                self._trim()
            content = in_flight.original
            text = in_flight.opcode == Opcode.TEXT
            payload = Payload(in_flight.direction, text, content, len(content))
            packets = self._conversations.feed(connection.id, payload)
            self._last[key] = in_flight.number, packets
        return describe(subject, packets)

    def _trim(self) -> None:
        if len(self._last) > 2 * len(self._conversations):
            self._last = {
                key: value for key, value in self._last.items() if key[0] in self._conversations
            }


def describe(subject: Subject, packets: Sequence[Decoded]) -> Subject:
    """Put what a message says where filters look for it; returns the subject."""
    subject.protocols = tuple(one.protocol for one in packets)
    subject.kinds = tuple(one.kind for one in packets)
    subject.says = tuple(one.summary for one in packets)
    return subject


def said_object(said: Said, *, tree: bool = False) -> dict[str, Any]:
    """As JSON: `summary`, `latency`, and for each packet `protocol`, `kind`, `pair`, `sure`."""
    packets = [packet_object(one, tree=tree) for one in said.packets]
    result: dict[str, Any] = {"summary": said.line, "decoded": packets}
    if said.latency is not None:
        result["latency"] = said.latency
    return result


def packet_object(one: Decoded, *, tree: bool) -> dict[str, Any]:
    """One packet as JSON."""
    packet: dict[str, Any] = {
        "protocol": one.protocol,
        "kind": one.kind,
        "summary": one.summary,
        "sure": one.sure.word,
    }
    if one.pair is not None:
        packet["pair"] = {
            "key": one.pair.key,
            "role": one.pair.role.value,
            "asker": one.pair.asker.name.lower(),
        }
    if tree:
        packet["tree"] = one.tree
    return packet
