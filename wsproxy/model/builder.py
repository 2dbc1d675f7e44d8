"""Blocks in the making: frames are added one by one or in runs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from wsproxy.model.blocks import CODES, Block, Columns, Note
from wsproxy.model.records import FrameRecord

FRAME_WEIGHT = 192
"""Bytes of memory that a frame in a batch takes beside its payload, about."""

NOTE_WEIGHT = 256
"""Bytes of memory that a note on a frame takes, about."""

_FIELDS = len(Columns._fields)


class BlockBuilder:
    """Collects frames until `build` makes a block of them."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._cells: list[float] = []
        """The entries, one after the other: a list for each column would cost twice the time."""
        self.pieces: list[bytes] = []
        self.content_pieces: list[bytes] = []
        self.notes: dict[int, Note] = {}
        self.size = 0
        """Bytes in `pieces` and `content_pieces`."""
        self.traffic: dict[int, list[int]] = {}
        """Frames and bytes by key."""

    def __len__(self) -> int:
        return len(self._cells) // _FIELDS

    @property
    def weight(self) -> int:
        """Bytes of memory that what was added takes, about."""
        return self.size + len(self) * FRAME_WEIGHT + len(self.notes) * NOTE_WEIGHT

    def add_run(
        self,
        key: int,
        cells: Sequence[float],
        pieces: Sequence[bytes],
        size: int,
        content_pieces: Sequence[bytes] = (),
        notes: Sequence[tuple[int, Note]] = (),
    ) -> None:
        """Add frames of one direction, whose `pieces` have `size` bytes in all.

        `cells` are their entries, one after the other, each in the order of `Columns`. `notes` come
        with the index of their frame among these.
        """
        if notes:
            first = len(self)
            self.notes.update((first + index, note) for index, note in notes)
        self._cells += cells
        self.pieces += pieces
        self.size += size
        if content_pieces:
            self.content_pieces += content_pieces
            self.size += sum(map(len, content_pieces))
        self._count(key, len(cells) // _FIELDS, size)

    def add_whole(
        self,
        key: int,
        time: float,
        number: int,
        size: int,
        first: int,
        header: int,
        pieces: Sequence[bytes],
        content: bytes | None = None,
    ) -> None:
        """Add one frame that needs no note, as `add_run` does, in less time."""
        self.size += size
        self.pieces += pieces
        kept = 0
        if content is not None:
            self.content_pieces.append(content)
            kept = len(content) + 1
            self.size += kept - 1
        self._cells += (key, time, size, number, first, header, kept)
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
            self.notes[len(self)] = note
        head = len(header)
        kept = 0 if content is None else len(content) + 1
        self._cells += (key, time, head + size, number, header[0], head, kept)
        self.pieces.append(header)
        self.pieces += payload
        self.size += head + size
        self._count(key, 1, head + size)
        if content is not None:
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
        cells = self._cells
        columns = Columns._make(array(code, cells[n::_FIELDS]) for n, code in enumerate(CODES))
        block = Block(columns, self.pieces, self.content_pieces, self.notes)
        self._clear()
        return block


_NO_NOTE = Note()
