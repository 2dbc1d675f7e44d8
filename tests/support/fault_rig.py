"""Faults without a connection: messages in, steps out, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsproxy.faults.control import FaultSet
from wsproxy.faults.steps import Cut, Resume, Send, SendBytes, Stall, Step
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.encoder import LaneEncoder

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM

Sent = tuple[float, bytes | str]
"""When, in seconds after the rig was made, and the bytes or what was done."""


def connection(number: int = 1, target: str = "/chat", opened: float = 1000.0) -> ConnectionRecord:
    return ConnectionRecord(number, opened, "10.0.0.5:1234", "ws://server:80", target, [])


def message(
    content: bytes | str, number: int = 1, time: float = 1000.0, direction: Direction = DOWN
) -> InFlightMessage:
    payload = content.encode() if isinstance(content, str) else content
    opcode = 1 if isinstance(content, str) else 2
    wire = make_frame(opcode, payload, masking_key=None if direction else b"\0\0\0\0").wire
    return InFlightMessage(direction, time, opcode, payload, wire, number=number)


def control(
    opcode: int, payload: bytes = b"", time: float = 1000.0, direction: Direction = DOWN
) -> InFlightMessage:
    wire = make_frame(opcode, payload, masking_key=None if direction else b"\0\0\0\0").wire
    return InFlightMessage(direction, time, opcode, payload, wire)


class Rig:
    """One direction of one connection under faults, with its encoder."""

    def __init__(
        self,
        *specs: dict[str, Any],
        seed: int = 1,
        number: int = 1,
        direction: Direction = DOWN,
        target: str = "/chat",
    ) -> None:
        self.now = 1000.0
        self.direction = direction
        self.faults = FaultSet(seed, lambda: self.now)
        self.records: list[FaultRecord] = []
        self.faults.populate(list(specs))
        self.faults.chain(connection(), direction, self.records.append)  # the first counts as 1
        self.chain = self.faults.chain(connection(number, target), direction, self.records.append)
        self._encoder = LaneEncoder(direction, NegotiatedExtensions(), lambda: b"\0\0\0\0")
        self._number = 0

    def passes(self, *contents: bytes | str) -> list[Sent]:
        """What becomes of messages that come now."""
        sent = []
        for content in contents:
            self._number += 1
            in_flight = message(content, self._number, self.now, self.direction)
            sent += self.done(self.chain.passed(in_flight, self.now))
        return sent

    def control(self, opcode: int, payload: bytes = b"") -> list[Sent]:
        """What becomes of a control frame that comes now."""
        in_flight = control(opcode, payload, self.now, self.direction)
        return self.done(self.chain.passed(in_flight, self.now))

    def wait(self, seconds: float) -> list[Sent]:
        """What happens while time passes and nothing else."""
        end = self.now + seconds
        sent = []
        while (at := self.chain.next_time()) is not None and at <= end:
            self.now = max(at, self.now)
            sent += self.done(self.chain.tick(self.now))
        self.now = end
        return sent

    def done(self, steps: Iterable[Step]) -> list[Sent]:
        sent: list[Sent] = []
        for step in steps:
            match step:
                case Send(in_flight, delay, None):
                    data = b"".join(frame.wire for frame in self._encoder.encode(in_flight))
                    if data:
                        sent.append((self._at(delay), data))
                case Send(in_flight, _, shape):
                    assert shape is not None
                    sent += self.done(shape(self._encoder.encode(in_flight)))
                case SendBytes(data, delay):
                    sent.append((self._at(delay), data))
                case Cut(how, _, delay):
                    sent.append((self._at(delay), how))
                case Stall(delay):
                    sent.append((self._at(delay), "stall"))
                case Resume(delay):
                    sent.append((self._at(delay), "resume"))
        return sent

    def _at(self, delay: float) -> float:
        return round(self.now + delay - 1000.0, 3)


def wire(*contents: bytes | str, direction: Direction = DOWN) -> list[bytes]:
    """Messages as they are sent where nothing happens to them."""
    return [message(content, direction=direction).frames[0].wire for content in contents]


def bytes_of(sent: list[Sent]) -> bytes:
    return b"".join(data for _, data in sent if isinstance(data, bytes))
