"""What every fault is: a frozen dataclass of attributes with the method that strikes.

Faults are pure. The time and the random numbers come in `FaultContext`, what shall happen goes out as
`Delivery` values, and the lane does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from random import Random
from typing import Any, ClassVar

from wsproxy.faults.steps import Cut, Resume, Stall
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Frame


class Stage(IntEnum):
    """When a fault strikes; all faults of one stage come before those of the next."""

    MESSAGES = 0
    """`strike`: whole messages and control frames."""
    FRAMES = 1
    """`wire`: the frames of one message, encoded."""
    CUTS = 2
    """`wire`: where the bytes of these frames end."""
    BYTES = 3
    """`wire`: when their bytes go on."""


class Scope(str, Enum):
    """What a fault strikes."""

    MESSAGES = "messages, and control frames only where `match` names them"
    ALL = "messages and control frames"
    CLOSES = "Close frames"
    PONGS = "pongs"
    UPGRADES = "opening handshakes"


@dataclass(slots=True)
class Delivery:
    """Something to send or do, and when: `at` is in seconds since the epoch."""

    what: InFlightMessage | Frame | bytes | Cut | Stall | Resume
    at: float


@dataclass(slots=True)
class FaultContext:
    """Where a fault is at work: one direction of one connection."""

    name: str
    """The fault's own name."""
    direction: Direction
    random: Random
    now: float
    """Seconds since the epoch."""
    struck: Callable[[str, InFlightMessage | None, bytes, bytes], None]
    """To be called for every strike: what was done in words, the message it was done to, and
    what would have been sent and what is, where that differs."""
    memory: Any = None
    """What `Fault.memory` returned."""

    @property
    def cause(self) -> str:
        """As messages that it changed name it."""
        return f"fault {self.name}"

    @property
    def masking_key(self) -> bytes | None:
        """For a frame that the fault makes itself (RFC 6455, section 5.3)."""
        return self.random.randbytes(4) if self.direction is Direction.UPSTREAM else None


@dataclass(frozen=True)
class Fault:
    """A kind of fault with its attributes set.

    The docstring of each kind is its documentation: a line that says what it does, then what the
    peer sees of it.
    """

    type: ClassVar[str]
    example: ClassVar[str]
    """In the form of the command line."""
    stage: ClassVar[Stage] = Stage.MESSAGES
    scope: ClassVar[Scope] = Scope.MESSAGES
    timed: ClassVar[bool] = False
    """Whether it strikes at its time, without a message, unless it has conditions on messages."""

    delays: ClassVar[bool] = False
    """Whether its strikes make things late, and change nothing else."""

    paces: ClassVar[bool] = False
    """Whether it only says when bytes go on, or how many: it never needs a message whole."""

    only_delays: ClassVar[bool] = False
    """Whether `strike` gives back each delivery with nothing but another time."""

    @classmethod
    def documentation(cls) -> tuple[str, str]:
        """The docstring: its first line, and the rest as one line."""
        head, _, rest = (cls.__doc__ or "").partition("\n")
        return head.strip(), " ".join(rest.split())

    def explain(self) -> str:
        """What it does, in plain English, with the attributes' values."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises ValueError for attributes that make no sense together."""

    def memory(self) -> Any:
        """What it has to remember in one direction of one connection."""
        return None

    def strike(self, delivery: Delivery | None, context: FaultContext) -> list[Delivery]:
        """Stage MESSAGES: what becomes of a message; None when it strikes at its time."""
        raise NotImplementedError

    def spare(self, delivery: Delivery, context: FaultContext) -> list[Delivery]:
        """Stage MESSAGES: what becomes of a message or control frame that it does not strike."""
        return [delivery]

    def wire(
        self, pieces: list[Delivery], in_flight: InFlightMessage | None, context: FaultContext
    ) -> list[Delivery]:
        """The other stages: what becomes of a message's frames (which the faults before may have
        turned into bytes). `in_flight` is None for a part of a message too large to be held.
        """
        raise NotImplementedError

    def due(self, context: FaultContext) -> float | None:
        """When `tick` wants to be called, in seconds since the epoch."""
        return None

    def tick(self, context: FaultContext) -> list[Delivery]:
        """What to do at the time that `due` gave."""
        return []

    def flush(self, context: FaultContext) -> list[Delivery]:
        """The sender has ended its stream: give back the messages that are held."""
        return []

    def release(self, context: FaultContext) -> list[Delivery]:
        """It is over, here: give back what was held."""
        return []

    def busy(self, context: FaultContext) -> bool:
        """Whether an earlier strike still has effects."""
        return False


def message_of(delivery: Delivery | None) -> InFlightMessage:
    """The message of a delivery that carries one."""
    assert delivery is not None and isinstance(delivery.what, InFlightMessage)
    return delivery.what


def wire_bytes(pieces: list[Delivery]) -> bytes:
    """All that the pieces put on the wire."""
    return b"".join(map(wire_of, pieces))


def unmasked(pieces: list[Delivery]) -> bytes:
    """The same with the masking undone (keys of zeros), for the record: clients draw their keys
    at random, and the same traffic shall leave the same records.
    """
    return b"".join(
        piece.what.header[:-4] + bytes(4) + piece.what.payload
        if isinstance(piece.what, Frame) and piece.what.masked
        else wire_of(piece)
        for piece in pieces
    )


def wire_of(piece: Delivery) -> bytes:
    """What a piece puts on the wire."""
    if isinstance(piece.what, Frame):
        return piece.what.wire
    return piece.what if isinstance(piece.what, bytes) else b""
