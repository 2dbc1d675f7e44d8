"""The conversation that every client has with every server, directly and through the proxy.

Only the standard library is imported here: the Flask-Sockets server, which lives in an
environment of its own, has the same conversation.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, TypeAlias

Message: TypeAlias = str | bytes

TARGET = "/chat?room=caf%C3%A9&since=1"
ORIGIN = "http://app.example"
SUBPROTOCOLS = ["chat.v1", "chat.v2"]
SUBPROTOCOL = "chat.v2"
"""Which of them every server takes."""

LARGE = 10_000_000
"""Bytes of a large message: ten times what a capture keeps of one."""


@dataclass(frozen=True, slots=True)
class Say:
    """A message in one frame."""

    message: Message


@dataclass(frozen=True, slots=True)
class SayInPieces:
    """A message in one frame a piece; with `ping`, a ping comes after the first piece."""

    pieces: tuple[str, ...] | tuple[bytes, ...]
    ping: bytes | None = None

    @property
    def message(self) -> Message:
        joined = b"".join(self.encoded)
        return joined.decode() if isinstance(self.pieces[0], str) else joined

    @property
    def encoded(self) -> list[bytes]:
        return [piece.encode() if isinstance(piece, str) else piece for piece in self.pieces]


@dataclass(frozen=True, slots=True)
class Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    code: int | None
    reason: str


Step: TypeAlias = Say | SayInPieces | Ping | Pong | Close


class Event(NamedTuple):
    """What one side hears of the other. Long content is a digest, so that a failure can be read."""

    kind: str
    content: str
    code: int | None = None


def said(message: Message) -> Event:
    """The event of a message."""
    kind = "text" if isinstance(message, str) else "binary"
    data = message.encode() if isinstance(message, str) else bytes(message)
    if len(data) > 100:
        return Event(kind, f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    return Event(kind, repr(message if isinstance(message, str) else data))


def pinged(payload: bytes) -> Event:
    return Event("ping", repr(bytes(payload)))


def ponged(payload: bytes) -> Event:
    return Event("pong", repr(bytes(payload)))


def closed(code: int | None, reason: str | None) -> Event:
    """The event of a Close frame, as far as the library tells (None: it does not)."""
    return Event("close", repr(reason), code)


def events(steps: Iterable[Step]) -> list[Event]:
    """What one side hears when the other takes these steps."""
    heard = []
    for step in steps:
        match step:
            case Say(message):
                heard.append(said(message))
            case SayInPieces(_, ping):
                if ping is not None:
                    heard.append(pinged(ping))
                heard.append(said(step.message))
            case Ping(payload):
                heard.append(pinged(payload))
            case Pong(payload):
                heard.append(ponged(payload))
            case Close(code, reason):
                heard.append(closed(code, reason))
    return heard


# What differs from one handshake to the next by its nature: that it is there counts, not its value.
_FRESH = {"date", "sec-websocket-accept", "sec-websocket-key"}


@dataclass(slots=True)
class Heard:
    """One side's transcript: the peer's handshake, then all it said, until the Close."""

    headers: list[tuple[str, str]]
    """Of the peer's handshake, names in lower case, sorted."""
    subprotocol: str | None
    target: str = ""
    """Path and query; for a client empty."""
    events: list[Event] = field(default_factory=list)

    @classmethod
    def handshake(
        cls, headers: Iterable[tuple[str, str]], subprotocol: str | None, target: str = ""
    ) -> Heard:
        names = [(name.lower(), value) for name, value in headers]
        values = [(name, "fresh" if name in _FRESH else value) for name, value in names]
        return cls(sorted(values), subprotocol, target)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> Heard:
        values = json.loads(text)
        values["headers"] = [(name, value) for name, value in values["headers"]]
        values["events"] = [Event(*event) for event in values["events"]]
        return cls(**values)


# What a client says to have a server begin something.
PING_PLEASE = "ping me"
PIECES_PLEASE = "in pieces, please"
CLOSE_PLEASE = "that is all"
HANG_UP_PLEASE = "hang up"


class Ending(NamedTuple):
    """How a conversation ends."""

    by_client: bool
    close: Close
    please: str | None = None
    """What the client says to have the server close."""
    waits: bool = True
    """Whether the side that closes waits for the other's answer."""


CLIENT_CLOSES = Ending(True, Close(4001, "ich gehe, tschüß"))
SERVER_CLOSES = Ending(False, Close(4002, "we are closed ✓"), CLOSE_PLEASE)
SERVER_HANGS_UP = Ending(False, Close(None, ""), HANG_UP_PLEASE, waits=False)
"""A Close without a code, and the end of the stream right after it."""

_PIECES_OF_SERVER = SayInPieces(("eins, ", "zwei, ", "drei"))


def answer(message: Message) -> Step:
    """What a server does when it hears a message: most are sent back as they are."""
    if message == PING_PLEASE:
        return Ping(b"and you?")
    if message == PIECES_PLEASE:
        return _PIECES_OF_SERVER
    for ending in (SERVER_CLOSES, SERVER_HANGS_UP):
        if message == ending.please:
            return ending.close
    return Say(message)


def answer_to_pong(payload: bytes) -> str:
    """What a server says when it hears a pong."""
    return f"heard {bytes(payload).decode()}"


class Exchange(NamedTuple):
    """A step of the client, and what it brings the server to do."""

    step: Step
    answers: tuple[Step, ...]

    @property
    def upstream(self) -> list[Step]:
        """What the client sends: the step, then the pongs that its library sends by itself."""
        pongs = [Pong(step.payload) for step in self.answers if isinstance(step, Ping)]
        return [self.step, *pongs]


def large_text() -> str:
    """A large message that compresses, but not to less than a capture keeps."""
    dice = random.Random(7692)
    line = '{"id": "%s", "name": "Zoë", "text": "你好"}\n'
    size = len((line % ("0" * 12)).encode())
    text = "".join(line % dice.randbytes(6).hex() for _ in range(LARGE // size))
    return text + " " * (LARGE - len(text.encode()))


def large_binary() -> bytes:
    """A large message that does not compress."""
    return random.Random(6455).randbytes(LARGE)


def conversation(
    *,
    in_pieces: bool = False,
    ping_between_pieces: bool = False,
    large_messages: Iterable[Message] = (),
) -> list[Exchange]:
    """Everything but the end. `in_pieces` tells whether the client is able to fragment."""
    exchanges = [
        _echo("Grüße, 世界 🙂"),
        _echo(bytes(range(256))),
        _echo(""),
        _echo(b""),
        _echo("x" * 126),
        _echo(b"y" * 65_536),
        _echo("ö" * 350_000),
        Exchange(Ping(b"still there?"), (Pong(b"still there?"),)),
        Exchange(Ping(b""), (Pong(b""),)),
        Exchange(Say(PING_PLEASE), (Ping(b"and you?"), Say(answer_to_pong(b"and you?")))),
        Exchange(Say(PIECES_PLEASE), (_PIECES_OF_SERVER,)),
    ]
    if in_pieces:
        for pieces in (
            ("one, ", "two, ", "drei: größer"),
            (b"\x00", b"\xff" * 700_000, b"", b"\x01" * 700_000),
        ):
            step = SayInPieces(pieces)
            exchanges.append(Exchange(step, (Say(step.message),)))
    if in_pieces and ping_between_pieces:
        step = SayInPieces(("before ", "after"), ping=b"meanwhile")
        exchanges.append(Exchange(step, (Pong(b"meanwhile"), Say(step.message))))
    exchanges.extend(_echo(message) for message in large_messages)
    exchanges.append(_echo("and so on"))
    return exchanges


def _echo(message: Message) -> Exchange:
    return Exchange(Say(message), (Say(message),))
