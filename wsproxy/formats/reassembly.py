"""One direction of a TCP connection, put in order by sequence numbers (RFC 9293, section 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_WAITING = 16 * 1024 * 1024
"""Bytes of a direction that wait for a packet that is missing; then it counts as lost."""


@dataclass(slots=True)
class Way:
    """Bytes in order, whatever order their packets came in."""

    next: int | None = None
    """The sequence number that is due."""
    waiting: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    """Bytes that wait for a packet that is missing."""
    lost: int = 0
    """Bytes behind a packet that never came."""

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
            sequence = self.next
        if not data:
            return b""
        if len(data) > len(self.waiting.get(sequence, b"")):
            self.size += len(data) - len(self.waiting.get(sequence, b""))
            self.waiting[sequence] = data
        if self.size > MAX_WAITING:
            self.give_up()
        return b"".join(self._ready())

    def give_up(self) -> None:
        """What is missing does not come: what waits for it is lost."""
        self.lost += self.size
        self.size = 0
        self.waiting.clear()

    def _ready(self) -> Iterator[bytes]:
        assert self.next is not None
        while found := [at for at in self.waiting if _distance(self.next, at) <= 0]:
            for at in found:
                data = self.waiting.pop(at)
                self.size -= len(data)
                data = data[-_distance(self.next, at) :] if at != self.next else data
                self.next = (self.next + len(data)) & 0xFFFFFFFF
                yield data


def _distance(start: int, to: int) -> int:
    """How far `to` is ahead, modulo 2**32."""
    return (to - start + 0x80000000 & 0xFFFFFFFF) - 0x80000000
