"""What is captured: plain values that the session makes and that the store, the log and the page
read. Times are seconds since the epoch, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from wsproxy.errors import Side
from wsproxy.protocol.frames import Frame
from wsproxy.protocol.handshake import Headers
from wsproxy.protocol.lint import Violation


class Direction(IntEnum):
    """Where a frame goes; the words are toxiproxy's."""

    UPSTREAM = 0
    """From the client to the server."""
    DOWNSTREAM = 1
    """From the server to the client."""

    @property
    def other(self) -> Direction:
        return Direction(1 - self)

    @property
    def sender(self) -> Side:
        return Side.SERVER if self else Side.CLIENT

    @property
    def arrow(self) -> str:
        return "<-" if self else "->"


MessageKey = tuple[int, Direction, int]
"""Connection, direction and number: which message it is in a capture."""


class FrameRecord(NamedTuple):
    """One frame that passed. A tuple, because one is made for every frame."""

    connection_id: int
    direction: Direction
    time: float
    frame: Frame
    message: int | None
    """The number of the message that the frame belongs to, counted from 1 in each direction;
    None for a control frame."""
    violations: tuple[Violation, ...]
    origin: str | None = None
    """None if the frame came from the peer, else who made it: `wsproxy`."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message that is more than the payload of its one frame: fragmented, compressed, opaque,
    changed, dropped or injected. (One row a frame is enough for the others.)
    """

    connection_id: int
    direction: Direction
    number: int
    time: float
    opcode: int
    content: bytes
    content_length: int
    """True length of the content, inflated; more than len(content) if it was cut."""
    payload_length: int
    """Payload bytes on the wire, all frames together."""
    compressed: bool = False
    opaque: str | None = None
    """Why `content` is only what the wire carried, or None."""
    verdict: str = "relayed"
    """`relayed`, `changed`, `dropped` or `injected`."""
    sent: bytes | None = None
    """What was sent in its place, if it was changed."""
    cause: str | None = None
    """Who changed, dropped or injected it."""
    violations: tuple[Violation, ...] = ()

    @property
    def key(self) -> MessageKey:
        """Which message it is."""
        return self.connection_id, self.direction, self.number


class FaultRecord(NamedTuple):
    """A fault that struck: what would have been sent, and what was.

    A tuple, because a fault may strike at every message.
    """

    connection_id: int
    direction: Direction | None
    """None for a fault that strikes the whole connection."""
    time: float
    name: str
    """The fault's own name."""
    type: str
    """`latency`, `drop`, ..."""
    message: int | None = None
    """The number of the message that was struck, if it was one."""
    detail: str = ""
    """What it did, in words, e.g. `delayed by 213 ms`."""
    before: bytes = b""
    """The content as it would have been."""
    after: bytes = b""
    """The content as it became, or the bytes sent in its place."""


class End(NamedTuple):
    """How a connection ended."""

    how: str
    """`closed`: both sent Close. `aborted`: it broke off. `refused`: the upstream answered the
    handshake with something other than 101. `failed`: there was no answer to relay."""
    by: str | None = None
    """Who began: `client`, `server` or `wsproxy`."""
    code: int | None = None
    """The first close code, or the HTTP status of a refused handshake."""
    reason: str = ""


class Ending(NamedTuple):
    """One step of a connection's end."""

    time: float
    """When it came, or was made here, in seconds since the epoch."""
    what: str
    """`Close`: the first Close frame in its direction. `FIN`: the end of a stream. `RST`: the
    socket was reset."""
    by: str
    """`client`, `server`, `wsproxy`, or what else made it, e.g. `fault half`."""


@dataclass(slots=True)
class ConnectionRecord:
    """A client's connection, from its opening handshake to its end."""

    id: int
    opened: float
    client: str
    """`host:port` of the client."""
    upstream_url: str
    """What the upstream is asked for, path and query included."""
    target: str
    """Path and query as the client wrote them."""
    request_headers: Headers
    status: int | None = None
    reason: str = ""
    response_headers: Headers = field(default_factory=list)
    subprotocol: str | None = None
    extensions: str = ""
    closed: float | None = None
    end: End | None = None
    note: str = ""
    """What somebody wrote down about it."""
    marked: bool = False
    """Whether it is bookmarked."""
    instance: str = ""
    """Which proxy of a fleet it went through; empty for the only one."""
    endings: list[Ending] = field(default_factory=list)
    """What ended it, step by step, in the order of their times."""
    route: str = ""
    """The port that the client connected to, where the proxy has several routes."""


class Counted(NamedTuple):
    """What was left out of the record, so that nothing is lost silently."""

    frames: int = 0
    bytes: int = 0
