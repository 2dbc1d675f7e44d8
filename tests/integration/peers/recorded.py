"""What the proxy's capture holds of a conversation, held against what was said."""

from __future__ import annotations

from pathlib import Path

from wsproxy.records import Direction, FrameRecord, MessageRecord
from wsproxy.store.reader import Capture

Messages = dict[tuple[int, int, int], MessageRecord]


class Recorded:
    """A capture of one connection, read whole."""

    def __init__(self, path: Path) -> None:
        capture = Capture(path)
        try:
            (self.connection,) = capture.connections()
            self.frames = [frame for _, frame in capture.frames(self.connection.id)]
            self.messages = capture.message_records(self.connection.id)
            self.left_out = capture.left_out()
        finally:
            capture.close()

    def of(self, direction: Direction) -> list[FrameRecord]:
        return [frame for frame in self.frames if frame.direction is direction]
