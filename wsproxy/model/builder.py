"""Blocks in the making: frames are added one by one or in runs."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from wsproxy.model.blocks import Block, Columns, Note
from wsproxy.model.records import FrameRecord

FRAME_WEIGHT = 128
"""Bytes of memory that a frame in a batch takes beside its payload, about."""


class BlockBuilder:
    """Collects frames until `build` makes a block of them."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.keys: list[int] = []
        self.times: list[float] = []
        self.sizes: list[int] = []
        self.numbers: list[int] = []
        self.firsts: list[int] = []
        self.headers: list[int] = []
        self.contents: list[int] = []
        self.pieces: list[bytes] = []
        self.content_pieces: list[bytes] = []
        self.notes: dict[int, Note] = {}
        self.size = 0
        """Bytes in `pieces` and `content_pieces`."""
        self.traffic: dict[int, list[int]] = {}
        """Frames and bytes by key."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def weight(self) -> int:
        """Bytes of memory that what was added takes, about."""
        return self.size + len(self.keys) * FRAME_WEIGHT

    def add_run(
        self,
        key: int,
        time: float,
        numbers: Sequence[int],
        sizes: list[int],
        firsts: list[int],
        headers: list[int],
        pieces: list[bytes],
        size: int,
        notes: Iterable[tuple[int, Note]] = (),
    ) -> None:
        """Add frames that need no contents: `size` bytes in all.

        `notes` come with the index of their frame among these.
        """
        count = len(sizes)
        first = len(self.keys)
        for index, note in notes:
            self.notes[first + index] = note
        self.keys += [key] * count
        self.times += [time] * count
        self.numbers += numbers
        self.sizes += sizes
        self.firsts += firsts
        self.headers += headers
        self.contents += [0] * count
        self.pieces += pieces
        self.size += size
        self._count(key, count, size)

    def add_contents(self, contents: list[int], pieces: list[bytes]) -> None:
        """Add the contents of the frames that were added last, `contents` as in `Columns`."""
        first = len(self.keys) - len(contents)
        self.contents[first:] = contents
        self.content_pieces += pieces
        self.size += sum(map(len, pieces))

    def add_whole(
        self,
        key: int,
        time: float,
        number: int,
        size: int,
        first: int,
        header: int,
        pieces: Sequence[bytes],
    ) -> None:
        """Add one frame that needs neither note nor content, as `add_run` does, in less time."""
        self.keys.append(key)
        self.times.append(time)
        self.numbers.append(number)
        self.sizes.append(size)
        self.firsts.append(first)
        self.headers.append(header)
        self.contents.append(0)
        self.pieces += pieces
        self.size += size
        counted = self.traffic.get(key)
        if counted is None:
            self.traffic[key] = [1, size]
        else:
            counted[0] += 1
            counted[1] += size

    def _count(self, key: int, frames: int, size: int) -> None:
        counted = self.traffic.get(key)
        if counted is None:
            self.traffic[key] = [frames, size]
        else:
            counted[0] += frames
            counted[1] += size

    def add_frame(
        self,
        key: int,
        time: float,
        number: int,
        header: bytes,
        payload: Sequence[bytes],
        size: int,
        note: Note | None = None,
        content: bytes | None = None,
    ) -> None:
        """Add one frame: `payload` in pieces, unmasked, `size` bytes in all.

        `number` is 0 for a control frame.
        """
        if note is not None:
            self.notes[len(self.keys)] = note
        head = len(header)
        self.keys.append(key)
        self.times.append(time)
        self.numbers.append(number)
        self.sizes.append(head + size)
        self.firsts.append(header[0])
        self.headers.append(head)
        self.pieces.append(header)
        self.pieces += payload
        self.size += head + size
        self._count(key, 1, head + size)
        if content is None:
            self.contents.append(0)
        else:
            self.contents.append(len(content) + 1)
            self.content_pieces.append(content)
            self.size += len(content)

    def add(self, record: FrameRecord, content: bytes | None = None) -> None:
        """Add any frame, with the content of the message that it ends where that is another."""
        frame = record.frame
        received = None
        if frame.received != len(frame.payload) or not frame.complete:
            received = frame.received
        note = Note(received, record.violations, record.origin)
        self.add_frame(
            record.connection_id << 1 | record.direction,
            record.time,
            record.message or 0,
            frame.header,
            (frame.payload,),
            len(frame.payload),
            note if note != _NO_NOTE else None,
            content,
        )

    def build(self) -> Block:
        """The block of what was added, and a fresh start."""
        columns = Columns(
            array("I", self.keys),
            array("d", self.times),
            array("I", self.sizes),
            array("I", self.numbers),
            array("B", self.firsts),
            array("B", self.headers),
            array("I", self.contents),
        )
        block = Block(columns, self.pieces, self.content_pieces, self.notes)
        self._clear()
        return block


_NO_NOTE = Note()
