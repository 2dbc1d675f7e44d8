"""Frames made up for forms that know of messages only: one frame each, in good order."""

from __future__ import annotations

from collections.abc import Iterator

from wsproxy.formats.interfaces import Imported
from wsproxy.formats.wire import NO_KEY
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import Direction, FrameRecord, MessageRecord
from wsproxy.protocol.frames import Opcode, make_frame


class MadeMessages:
    """The messages of one connection, in order."""

    def __init__(self, connection_id: int) -> None:
        self._connection_id = connection_id
        self._numbers = [0, 0]

    def note(self, direction: Direction, text: str, *, marked: bool) -> NoteRecord:
        """A note on the last message of a direction."""
        number = self._numbers[direction]
        return NoteRecord(self._connection_id, direction, number, text, marked)

    def message(
        self,
        direction: Direction,
        time: float,
        opcode: int,
        content: bytes,
        *,
        verdict: str = "relayed",
        cause: str | None = None,
        sent: bytes | None = None,
    ) -> Iterator[Imported]:
        """The records of a message, or of a control frame."""
        number = None
        if opcode < Opcode.CLOSE:
            self._numbers[direction] += 1
            number = self._numbers[direction]
        key = NO_KEY if direction is Direction.UPSTREAM else None
        frame = make_frame(opcode, content, masking_key=key)
        origin = "wsproxy" if verdict == "injected" else None
        yield FrameRecord(self._connection_id, direction, time, frame, number, (), origin)
        if number is not None and verdict != "relayed":
            size = len(content)
            yield MessageRecord(
                self._connection_id, direction, number, time, opcode, content, size, size,
                verdict=verdict, sent=sent, cause=cause,
            )  # fmt: skip
