"""One direction of a TCP connection, put in order by sequence numbers (RFC 9293, section 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

MAX_WAITING = 16 * 1024 * 1024
"""Bytes of a direction that wait for a packet that is missing; then it counts as lost."""


@dataclass(slots=True)
class Way:
    """Bytes in order, whatever order their packets came in."""

    next: int | None = None
    """The sequence number that is due."""
    place: int = 0
    """Where that is: sequence numbers begin anew, places do not."""
    waiting: dict[int, bytes] = field(default_factory=dict)
    """By place."""
    order: list[int] = field(default_factory=list)
    """A heap of these places."""
    size: int = 0
    """Bytes that wait for a packet that is missing."""
    lost: int = 0
    """Bytes behind a packet that never came."""

    def begin(self, sequence: int) -> None:
        """A SYN tells which number is due."""
        if sequence != self.next:
            self.next = sequence
            self._forget()

    def add(self, sequence: int, data: bytes) -> bytes:
        """What is in order now; what came before is left out."""
        if self.next is None:
            self.next = sequence
        if self.lost:
            self.lost += len(data)
            return b""
        ahead = _distance(self.next, sequence)
        if ahead < 0:
            data = data[-ahead:]
        if not data:
            return b""
        at = self.place + max(ahead, 0)
        if at not in self.waiting:
            heappush(self.order, at)
        if len(data) > len(self.waiting.get(at, b"")):
            self.size += len(data) - len(self.waiting.get(at, b""))
            self.waiting[at] = data
        if self.size > MAX_WAITING:
            self.give_up()
        return b"".join(self._ready())

    def give_up(self) -> None:
        """What is missing does not come: what waits for it is lost."""
        self.lost += self.size
        self._forget()

    def _forget(self) -> None:
        self.size = 0
        self.waiting.clear()
        self.order.clear()

    def _ready(self) -> Iterator[bytes]:
        assert self.next is not None
        while self.order and self.order[0] <= self.place:
            at = heappop(self.order)
            data = self.waiting.pop(at)
            self.size -= len(data)
            data = data[self.place - at :]
            self.place += len(data)
            self.next = (self.next + len(data)) & 0xFFFFFFFF
            yield data


def _distance(start: int, to: int) -> int:
    """How far `to` is ahead, modulo 2**32."""
    return (to - start + 0x80000000 & 0xFFFFFFFF) - 0x80000000
