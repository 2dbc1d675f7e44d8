"""What a held lane waits for: messages that come piece by piece, until they are whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import OPCODE, Opcode
from wsproxy.protocol.messages import Message

HOLD_LIMIT = 64 * 1024 * 1024
"""Bytes of a message that are held, on the wire and inflated; a larger one passes unheld."""

HOLD_TOTAL = 256 * 1024 * 1024
"""Bytes that all lanes of a proxy hold together; beyond it, large messages pass unheld."""

SMALL = 64 * 1024
"""Bytes of a message that is held however much is held already."""


class HoldBudget:
    """How much all lanes hold together."""

    def __init__(self, limit: int = HOLD_LIMIT, total: int = HOLD_TOTAL) -> None:
        self.limit = limit
        """Bytes of one message."""
        self.total = total
        self.held = 0
        self.unheld = 0
        """Messages that passed unheld because they were too large."""

    @property
    def exhausted(self) -> bool:
        """Whether no further large message is to be held."""
        return self.held >= self.total


class Piece(NamedTuple):
    """Bytes of a message that is too large to be held: they go on as they come."""

    data: bytes
    first: bool
    """Whether the message begins with them."""


class Unheld(NamedTuple):
    """A message that was too large to be held has ended."""

    number: int
    time: float
    message: Message


Completed = InFlightMessage | Piece | Unheld


class Holding:
    """Puts messages together from what a decoder finds, each with its bytes as they came."""

    def __init__(self, budget: HoldBudget, limit: int | None = None) -> None:
        """`limit` in bytes a message, if it is less than the budget's."""
        self._budget = budget
        self.limit = budget.limit if limit is None else min(limit, budget.limit)
        self.completed: list[Completed] = []
        """What can go on, in order; whoever takes it empties the list."""
        self.deliver: Callable[[], None] | None = None
        """To be called after each frame, where what follows depends on what becomes of this one:
        a message that is injected after it gets the next number, however the bytes were cut."""
        self.loose = False
        """Whether the message under way is too large to be held."""
        self._raw: list[bytes] = []
        self._size = 0
        self._starts: list[int] = []
        self._control: list[bytes] = []

    # For the decoder.

    def whole(
        self,
        direction: Direction,
        time: float,
        opcode: int,
        content: bytes,
        wire: bytes,
        number: int,
    ) -> None:
        """A message or control frame (`number` 0) in good order, in one frame."""
        self.completed.append(
            InFlightMessage(direction, time, opcode, content, wire, number=number or None)
        )

    def frame(self, first: int, header: bytes, payload_length: int) -> None:
        """A frame begins, with so many bytes of payload to come."""
        if first & OPCODE >= Opcode.CLOSE:
            self._control = [header]
        else:
            self._starts.append(self._size)
            self.raw(header)
            if not self.loose and self._size + payload_length > self.limit:
                self._let_go()  # before any of it is kept

    def raw_payload(self, first: int, piece: bytes) -> None:
        """Bytes of its payload came, masked as they are."""
        if first & OPCODE >= Opcode.CLOSE:
            self._control.append(piece)
        else:
            self.raw(piece)

    def raw(self, data: bytes) -> None:
        """Bytes of the message under way came."""
        if self.loose:
            self.completed.append(Piece(data, first=False))
            return
        self._raw.append(data)
        self._size += len(data)
        self._budget.held += len(data)
        if self._size > self.limit or (self._size > SMALL and self._budget.exhausted):
            self._let_go()

    def end_frame(
        self,
        direction: Direction,
        time: float,
        first: int,
        payload: bytes,
        message: Message | None,
        number: int,
    ) -> None:
        """A frame has ended, and with it `message`, if there is one."""
        if first & OPCODE >= Opcode.CLOSE:
            wire = b"".join(self._control)
            self._control = []
            self.completed.append(InFlightMessage(direction, time, first & OPCODE, payload, wire))
            return
        if message is None:
            return
        if message.content_cut and not self.loose:
            self._let_go()  # it is small on the wire, and too large inflated
        if self.loose:
            self.loose = False
            self._budget.unheld += 1
            self.completed.append(Unheld(number, time, message))
        else:
            wire = self._raw[0] if len(self._raw) == 1 else b"".join(self._raw)
            self.completed.append(
                InFlightMessage(
                    direction,
                    time,
                    message.opcode,
                    message.content,
                    wire,
                    number=number,
                    compressed=message.compressed,
                    opaque=message.opaque,
                    starts=self._starts,
                )
            )
        self._clear()

    def interrupted(self) -> None:
        """The message under way will not end in order: what there is of it goes on as it came."""
        if self._raw:
            self._let_go()
        self.loose = False
        self._clear()

    # For the lane.

    def rest(self) -> None:
        """The stream has ended: what is under way goes on as it came."""
        self.interrupted()
        if self._control:
            self.completed += [Piece(data, first=False) for data in self._control]
            self._control = []

    def abandon(self) -> None:
        """The connection is gone: what is under way goes nowhere."""
        self._let_go()
        self.completed = []

    def _let_go(self) -> None:
        self.loose = True
        self._budget.held -= self._size
        self.completed += [Piece(data, first=not at) for at, data in enumerate(self._raw)]
        self._raw = []
        self._size = 0

    def _clear(self) -> None:
        self._budget.held -= self._size
        self._raw = []
        self._size = 0
        self._starts = []
