"""Conversations as replay and comparison see them: messages, and what each is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.payloads.conversation import Conversation
from wsproxy.payloads.decoded import Facts, Payload, Role
from wsproxy.protocol.frames import Opcode

MAX_JSON = 1024 * 1024
"""Bytes of a message that is compared member by member; a longer one is compared as a whole."""

NOT_JSON = object()

_KINDS = ("type", "op", "event", "method", "action", "cmd", "command", "kind")
"""Members of an object that say what kind of message it is, the best first."""

_STREAMS = ("channel", "topic", "stream", "room", "symbol", "subscription")
"""Members that say which of several streams a message belongs to."""

PAIRS = ("id", "requestId", "request_id", "correlationId", "ref", "seq")
"""Members that pair an answer with its request, where no decoder knows better."""


@dataclass(slots=True)
class Said:
    """A message of a conversation."""

    place: int
    """From 0, both directions together."""
    direction: Direction
    time: float
    opcode: int
    content: bytes
    kind: str
    """What a decoder calls it, or what it looks like."""
    value: Any
    """As JSON, or NOT_JSON."""
    asks: str | None = None
    """What it asks under, if it is a request."""
    answers: str | None = None
    """What it answers to."""
    frame: int | None = None
    """The id of the frame that ends it, where it was recorded."""

    @property
    def text(self) -> str:
        """The content for people, at most 80 characters."""
        text = self.content[:200].decode("utf-8", "replace") if self.opcode == 1 else ""
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        if self.opcode != 1:
            text = f"<{self.content[:30].hex()}>"
        return text if len(text) <= 80 else text[:79] + "…"


@dataclass(slots=True)
class Talk:
    """What was said on one connection."""

    connection: ConnectionRecord
    messages: list[Said] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Path, without the query."""
        return self.connection.target.partition("?")[0]


class Recorded(Protocol):
    """A capture, as far as conversations need it."""

    def connections(self) -> list[ConnectionRecord]:
        """All connections, in the order they were opened."""
        ...

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        """The frames of one connection in order, with their messages."""
        ...


def talks_of(capture: Recorded, number: int | None = None) -> Iterator[Talk]:
    """What was said on each connection, or on one."""
    for connection in capture.connections():
        if number is None or connection.id == number:
            yield talk_of(connection, capture.seen(connection.id))


def talk_of(connection: ConnectionRecord, frames: Iterable[Seen]) -> Talk:
    """The messages that went on (changed ones as they were sent), in order; no control frames."""
    talk = Talk(connection)
    decoder = decoder_of(connection)
    for seen in frames:
        record, message = seen.record, seen.message
        if record.message is None or not record.frame.fin:
            continue
        if message is None:
            content, opcode = record.frame.payload, record.frame.opcode
        elif message.verdict == "dropped":
            continue
        else:
            content = message.content if message.sent is None else message.sent
            opcode = message.opcode
        one = said(len(talk.messages), record.direction, record.time, opcode, content, decoder)
        one.frame = seen.id
        talk.messages.append(one)
    return talk


def decoder_of(connection: ConnectionRecord) -> Conversation:
    """What tells the pairs of a connection's messages; it is fed all of them, in order."""
    facts = Facts(connection.target, connection.subprotocol, connection.request_headers)
    return Conversation(facts)


def said(
    place: int,
    direction: Direction,
    time: float,
    opcode: int,
    content: bytes,
    decoder: Conversation | None = None,
) -> Said:
    """A message, and what it is about."""
    value = json_of(content)
    one = Said(place, direction, time, opcode, content, kind_of(opcode, content, value), value)
    found = None
    if decoder is not None:
        found = decoder.feed(Payload(direction, opcode == Opcode.TEXT, content, len(content)))
    pair = next((decoded.pair for decoded in found or () if decoded.pair is not None), None)
    if pair is not None:
        if pair.role is Role.REQUEST:
            one.asks = pair.key
        elif pair.asker is not direction:
            one.answers = pair.key
    elif isinstance(value, dict):
        key = next((value[name] for name in PAIRS if _is_id(value.get(name))), None)
        if key is not None:
            one.asks = one.answers = str(key)
    return one


def json_of(content: bytes) -> Any:
    """A message as JSON, or NOT_JSON; Socket.IO's digits before it do not count."""
    if len(content) > MAX_JSON:
        return NOT_JSON
    start = content.lstrip(b"0123456789")
    if not start[:1] or start[:1] not in b"{[":
        return NOT_JSON
    try:
        value = json.loads(start)
    except (ValueError, RecursionError):
        return NOT_JSON
    return value


def kind_of(opcode: int, content: bytes, value: Any) -> str:
    """What a message looks like: two of one kind may stand for each other."""
    if value is NOT_JSON:
        if opcode == Opcode.TEXT:
            words = content[:40].split(maxsplit=1)
            return f"text {words[0].decode('utf-8', 'replace')}" if words else "text"
        return f"binary {content[:1].hex()}"
    prefix = content[: len(content) - len(content.lstrip(b"0123456789"))].decode()[:2]
    if isinstance(value, dict):
        streams = [f"{name}={value[name]}" for name in _STREAMS if _is_word(value.get(name))]
        kind = next((f"{name}={value[name]}" for name in _KINDS if _is_word(value.get(name))), None)
        return " ".join([prefix + (kind or "{" + ",".join(sorted(value)[:12]) + "}"), *streams])
    first = value[0] if value and _is_word(value[0]) else ""
    return f"{prefix}[{first}]"


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 64


def _is_id(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
