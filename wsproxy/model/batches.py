"""A batch: what passed in a moment, handed to the capture and to those who look on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wsproxy.model.blocks import Block, whole_message
from wsproxy.model.builder import BlockBuilder
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import FaultRecord, MessageKey, MessageRecord


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames in the order they passed, and what is known of their messages beside."""

    first_id: int
    """The id of the first frame; the others follow without a gap."""
    block: Block
    messages: list[MessageRecord] = field(default_factory=list)
    """Of messages that are more than their frames; a message of an earlier batch may be among
    them, where it was decided later."""
    faults: list[FaultRecord] = field(default_factory=list)
    http: list[HttpRecord] = field(default_factory=list)
    """Requests of plain HTTP that ended."""
    notes: list[NoteRecord] = field(default_factory=list)
    """On messages or connections of any batch so far."""
    weight: int = 0
    """Bytes of memory that it takes, about."""
    traffic: dict[int, list[int]] = field(default_factory=dict)
    """Frames and recorded bytes, headers included, by `connection_id << 1 | direction`."""

    @property
    def last_id(self) -> int:
        """The id of the last frame; `first_id - 1` if there is none."""
        return self.first_id + self.block.count - 1

    def seen(self, indexes: Iterable[int] | None = None) -> Iterator[Seen]:
        """The frames, or those with some indexes (ascending), with what is known of each."""
        block = self.block
        messages = {message.key: message for message in self.messages}
        faults: dict[MessageKey, list[FaultRecord]] = {}
        for fault in self.faults:
            if fault.direction is not None and fault.message is not None:
                key = (fault.connection_id, fault.direction, fault.message)
                faults.setdefault(key, []).append(fault)
        contents = block.columns.contents
        place = done = 0
        for index, record in block.frames() if indexes is None else block.pick(indexes):
            message = None
            struck: tuple[FaultRecord, ...] = ()
            if record.frame.fin and record.message is not None:
                key = (record.connection_id, record.direction, record.message)
                message = messages.get(key)
                struck = tuple(faults.get(key, ()))
                if message is None and contents[index]:
                    place += sum(size - 1 for size in contents[done:index] if size)
                    done = index
                    content = block.contents[place : place + contents[index] - 1]
                    message = whole_message(record, content, block.notes.get(index))
            yield Seen(self.first_id + index, record, message, struck)


MESSAGE_WEIGHT = 512
"""Bytes of memory that a record of a message or of a strike takes beside its contents, about."""


class BatchBuilder(BlockBuilder):
    """Collects frames, and what is known of their messages, until `build_batch`."""

    def __init__(self) -> None:
        super().__init__()
        self._beside = 0
        """What all that is not frames weighs."""
        self.messages: list[MessageRecord] = []
        self.faults: list[FaultRecord] = []
        self.http: list[HttpRecord] = []
        self.note_records: list[NoteRecord] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to build a batch of."""
        return not (len(self) or self.messages or self.faults or self.http or self.note_records)

    @property
    def weight(self) -> int:
        return super().weight + self._beside

    def add_message(self, record: MessageRecord) -> None:
        """Add what is known of a message beside its frames."""
        self.messages.append(record)
        self._beside += MESSAGE_WEIGHT + len(record.content) + len(record.sent or b"")

    def add_fault(self, record: FaultRecord) -> None:
        """Add that a fault struck."""
        self.faults.append(record)
        self._beside += MESSAGE_WEIGHT + len(record.before) + len(record.after)

    def add_http(self, record: HttpRecord) -> None:
        """Add a request of plain HTTP that has ended."""
        self.http.append(record)
        self._beside += record.weight

    def add_note(self, record: NoteRecord) -> None:
        """Add what somebody wrote down."""
        self.note_records.append(record)
        self._beside += MESSAGE_WEIGHT

    def build_batch(self, first_id: int) -> Batch:
        """A batch of what was added, and a fresh start."""
        weight, self._beside = self.weight, 0
        messages, self.messages = self.messages, []
        faults, self.faults = self.faults, []
        http, self.http = self.http, []
        notes, self.note_records = self.note_records, []
        traffic = self.traffic
        return Batch(first_id, self.build(), messages, faults, http, notes, weight, traffic)
