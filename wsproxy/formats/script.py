"""What scripts of a client's part have in common: its connections, and the steps of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wsproxy.formats.interfaces import CaptureReader
from wsproxy.formats.selection import Selection, connections_of, told
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Opcode

SHORTEST = 0.001
"""Seconds: shorter pauses are none."""


class Step(NamedTuple):
    """One thing that a client did."""

    pause: float
    """Seconds since the step before, or since the connection was opened."""
    heard: int
    """Messages that came from the server meanwhile."""
    opcode: int
    content: bytes
    """Of a message as the client sent it, whatever became of it on the way."""

    @property
    def close(self) -> tuple[int, str]:
        """Code and reason of a Close; 1000 where there is none that may be sent."""
        code, reason = parse_close(self.content)
        sendable = code is not None and (1000 <= code <= 1003 or 1007 <= code <= 4999)
        return (code or 1000, reason) if sendable else (1000, "")


def clients(reader: CaptureReader, selection: Selection) -> Iterator[ConnectionRecord]:
    """The connections that became WebSockets, in the order they came."""
    return (each for each in connections_of(reader, selection).values() if each.status == 101)


def steps(
    reader: CaptureReader, connection: ConnectionRecord, selection: Selection
) -> Iterator[Step]:
    """What one client did, one message in memory at a time."""
    part = selection.of(connection.id)
    last, heard = connection.opened, 0
    for thing in told(reader, part):
        if not isinstance(thing, Seen) or thing.record.origin is not None:
            continue  # what the proxy injected, the client did not send
        record, message = thing.record, thing.message
        frame = record.frame
        if record.message is not None and not frame.fin:
            continue
        if message is not None and message.verdict == "injected":
            continue
        if record.direction is Direction.DOWNSTREAM:
            heard += record.message is not None and (
                message is None or message.verdict != "dropped"
            )
            continue
        opcode = frame.opcode if message is None else message.opcode
        if opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.CLOSE):
            content = frame.payload if message is None else message.content
            pause = record.time - last
            yield Step(pause if pause >= SHORTEST else 0.0, heard, opcode, content)
            last, heard = max(record.time, last), 0
