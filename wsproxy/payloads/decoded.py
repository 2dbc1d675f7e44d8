"""What decoders are given, and what they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from enum import Enum, IntEnum
from typing import Any, ClassVar, NamedTuple, TypeVar

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_REMEMBERED, MAX_SUMMARY
from wsproxy.payloads.lines import printable
from wsproxy.payloads.trees import Json, tree_of
from wsproxy.protocol.handshake import Headers

NAMELESS = "(nameless)"


class NotThisError(ValueError):
    """The content is not of the format that it was taken for."""


class Sure(IntEnum):
    """How sure a decoder is that a payload is what it takes it for."""

    GUESS = 1
    """This payload alone looks like it."""
    LIKELY = 2
    """The connection's path or its first messages look like it."""
    SURE = 3
    """The subprotocol, the protocol's own greeting or a rule of the user says so."""

    @property
    def word(self) -> str:
        return self.name.lower()


class Role(str, Enum):
    """What a message is in an exchange."""

    REQUEST = "request"
    ANSWER = "answer"
    """The answer; parts may still come after it."""
    PART = "part"
    """One of several answers, or a step on the way to the answer."""
    LAST = "last"
    """What ends the exchange, whoever sends it."""


class Pair(NamedTuple):
    """Which exchange a message belongs to."""

    key: str
    """The same for all messages of an exchange. Others of the same asker may have it later."""
    role: Role
    asker: Direction
    """The direction in which the request goes."""


class Facts(NamedTuple):
    """What is known of a connection from its opening handshake."""

    target: str = "/"
    """Path and query as the client wrote them."""
    subprotocol: str | None = None
    headers: Headers = []  # noqa: RUF012 - nobody changes it
    """Of the client's request."""


class Payload(NamedTuple):
    """One whole message."""

    direction: Direction
    text: bool
    content: bytes
    """Inflated; only the beginning of it if the record was cut."""
    length: int
    """The true length of the content."""

    @property
    def missing(self) -> int:
        """Bytes that are not in `content`."""
        return max(0, self.length - len(self.content))


class Decoded(NamedTuple):
    """One packet of a protocol. A message may hold several, or none that ends in it."""

    protocol: str
    """Name of the decoder: `mqtt`."""
    kind: str
    """What the protocol calls it: `PUBLISH`."""
    summary: str
    """One line that is safe to print, at most MAX_SUMMARY characters."""
    value: Any
    """What was decoded, as the parser gave it."""
    pair: Pair | None = None
    sure: Sure = Sure.SURE

    @property
    def tree(self) -> Json:
        """`value` as JSON knows it, with MAX_DEPTH, MAX_NODES and MAX_STRING as bounds."""
        return tree_of(self.value)


class Decoder(ABC):
    """Reads one protocol in one connection, both directions."""

    name: ClassVar[str]
    subprotocols: ClassVar[tuple[str, ...]] = ()
    """Values of Sec-WebSocket-Protocol that settle the choice."""

    def __init__(self, facts: Facts) -> None:  # noqa: B027 - most keep nothing of it
        """`facts` is what the opening handshake told."""

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        """Whether the path or the headers look like this protocol."""
        return False

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        """How sure one of a connection's first messages makes that this is the protocol."""
        return None

    @abstractmethod
    def feed(self, payload: Payload) -> list[Decoded] | None:
        """What ends in this message. Whole messages are fed in the order of each direction.

        None if the payload is none of this protocol. Nothing that a peer sends makes it raise.
        MissingLibraryError if it cannot be read without an extra.
        """


def decoded(protocol: str, kind: str, rest: str, value: Any, pair: Pair | None = None) -> Decoded:
    """`rest` is what follows the kind in the summary. A peer may send an empty kind."""
    kind = kind or NAMELESS
    summary = f"{kind} {rest}" if rest else kind
    return Decoded(protocol, printable(kind)[:64], line(summary), value, pair)


def line(text: str) -> str:
    """`text` as a summary: printable, and not too long."""
    text = printable(text[: MAX_SUMMARY + 1])
    return text if len(text) <= MAX_SUMMARY else text[: MAX_SUMMARY - 1] + "…"


def request(key: object, asker: Direction) -> Pair:
    return Pair(str(key)[:128], Role.REQUEST, asker)


def answer(key: object, asker: Direction) -> Pair:
    return Pair(str(key)[:128], Role.ANSWER, asker)


def part(key: object, asker: Direction) -> Pair:
    return Pair(str(key)[:128], Role.PART, asker)


def last(key: object, asker: Direction) -> Pair:
    return Pair(str(key)[:128], Role.LAST, asker)


Value = TypeVar("Value")


class Remembered(OrderedDict[str, Value]):
    """A dictionary that forgets the oldest beyond MAX_REMEMBERED."""

    def keep(self, key: object, value: Value) -> None:
        self[str(key)[:128]] = value
        if len(self) > MAX_REMEMBERED:
            self.popitem(last=False)
