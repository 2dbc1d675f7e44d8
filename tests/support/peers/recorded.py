"""What the proxy's capture holds of a conversation, held against what was said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from tests.support.conversation import (
    Event,
    Message,
    Say,
    SayInPieces,
    Step,
    closed,
    events,
    pinged,
    ponged,
    said,
)
from wsproxy.model.records import Direction, MessageRecord
from wsproxy.protocol.close import parse_close
from wsproxy.protocol.frames import Frame, Opcode
from wsproxy.relay.decoder import DEFAULT_MAX_PAYLOAD
from wsproxy.store.reader import Capture


class Recorded:
    """A capture of one connection, read whole."""

    def __init__(self, path: Path) -> None:
        capture = Capture(path)
        try:
            (self.connection,) = capture.connections()
            seen = list(capture.seen(self.connection.id))
            self._frames = [each.record for each in seen]
            self._messages = {m.key: m for each in seen if (m := each.message) is not None}
            self.left_out = capture.left_out()
        finally:
            capture.close()

    @property
    def violations(self) -> list[str]:
        """What the proxy holds against the two peers."""
        found = [record.violations for record in self._frames]
        found += [record.violations for record in self._messages.values()]
        return [violation.text for violation in chain.from_iterable(found)]

    @property
    def has_compressed(self) -> bool:
        """Whether compressed messages passed, in both directions."""
        compressed = {record.direction for record in self._messages.values() if record.compressed}
        return len(compressed) == len(Direction)

    def closes(self, direction: Direction) -> list[Event]:
        """The Close frames of one direction."""
        frames = (record.frame for record in self._frames if record.direction is direction)
        return [_control(frame) for frame in frames if frame.opcode == Opcode.CLOSE]

    def check(self, direction: Direction, steps: Sequence[Step]) -> None:
        """Assert that all messages, pings and pongs of one direction are there, and no others."""
        records = [record for record in self._frames if record.direction is direction]
        assert all(record.frame.complete for record in records)
        controls = [_control(record.frame) for record in records if record.message is None]
        assert [event for event in controls if event.kind != "close"] == [
            event for event in events(steps) if event.kind in ("ping", "pong")
        ]
        messages: dict[int, list[Frame]] = {}
        for record in records:
            if record.message is not None:
                messages.setdefault(record.message, []).append(record.frame)
        spoken = [step for step in steps if isinstance(step, Say | SayInPieces)]
        assert list(messages) == list(range(1, len(spoken) + 1))
        for step, (number, frames) in zip(spoken, messages.items(), strict=True):
            assert len(frames) >= (1 if isinstance(step, Say) else len(step.pieces))
            whole = self._messages.get((self.connection.id, direction, number))
            _check_message(step.message, frames, whole)


def _check_message(message: Message, frames: list[Frame], record: MessageRecord | None) -> None:
    text = isinstance(message, str)
    data = message.encode() if isinstance(message, str) else message
    assert frames[0].opcode == (Opcode.TEXT if text else Opcode.BINARY)
    assert [frame.opcode for frame in frames[1:]] == [Opcode.CONTINUATION] * (len(frames) - 1)
    assert [frame.fin for frame in frames] == [False] * (len(frames) - 1) + [True]
    compressed = frames[0].rsv1
    # A message that is no more than its one frame has no record of its own.
    assert (record is not None) == (compressed or len(frames) > 1)
    if record is not None:
        assert (said(record.content), record.content_length) == (_kept(data), len(data))
        assert record.opcode == frames[0].opcode
        assert record.compressed == compressed
        assert record.opaque is None
        assert record.payload_length == sum(frame.payload_length for frame in frames)
    if not compressed:
        for frame in frames:
            assert said(frame.payload) == _kept(data[: frame.payload_length])
            data = data[frame.payload_length :]
        assert not data


def _kept(data: bytes) -> Event:
    """What a capture keeps of a payload."""
    return said(data[:DEFAULT_MAX_PAYLOAD])


def _control(frame: Frame) -> Event:
    match frame.opcode:
        case Opcode.PING:
            return pinged(frame.payload)
        case Opcode.PONG:
            return ponged(frame.payload)
        case _:
            return closed(*parse_close(frame.payload))
