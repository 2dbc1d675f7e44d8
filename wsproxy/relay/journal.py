"""The journal: what passed, in order, kept until there is time to look at it.

The relay only appends to it. Decoding, checking and collecting into blocks happen when it is
drained, many times a second, and at once where a decision depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsproxy.model.blocks import Block, BlockBuilder
from wsproxy.model.records import FaultRecord, FrameRecord, MessageRecord
from wsproxy.relay.decoder import Record, StreamDecoder

Chunk = tuple[StreamDecoder, float, bytes]


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of a journal."""

    block: Block
    messages: list[MessageRecord]
    faults: list[FaultRecord]


class Journal:
    """Chunks of bytes (which its decoders decode in `drain`) and finished records, in order."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        """Append (decoder, time, bytes) here: the hot path does no more than that."""
        self._builder = BlockBuilder()
        self._messages: list[MessageRecord] = []
        self._faults: list[FaultRecord] = []
        self.size = 0
        """Bytes drained and not yet taken."""

    def drain(self) -> None:
        """Decode all chunks."""
        if not self.chunks:
            return
        chunks = self.chunks[:]
        self.chunks.clear()  # in place: the lanes hold on to its append
        builder = self._builder
        add_key = builder.keys.append
        add_time = builder.times.append
        add_message = builder.messages.append
        add_piece = builder.pieces.append
        for decoder, time, data in chunks:
            self.size += len(data)
            number = decoder.whole_message(data)
            if not number:
                whole = decoder.collect(data)
                if whole is None:
                    continue
                if whole is not data:
                    data = whole
                    number = decoder.whole_message(data)
            if number:
                add_key(decoder.key)
                add_time(time)
                add_message(number)
                add_piece(data)
            else:
                self._add(decoder.feed(data, time))

    def add(self, records: list[Record]) -> None:
        """Add what was decoded elsewhere, after what is there already."""
        self.drain()
        self._add(records)

    def add_message(self, key: int, time: float, number: int, data: bytes) -> None:
        """Add a whole message in good order by its bytes, after what is there already."""
        self.drain()
        builder = self._builder
        builder.keys.append(key)
        builder.times.append(time)
        builder.messages.append(number)
        builder.pieces.append(data)
        self.size += len(data)

    def take(self) -> Drained | None:
        """Everything drained since the last call; None if there was nothing."""
        self.drain()
        if not self._builder and not self._messages and not self._faults:
            return None
        messages, self._messages = self._messages, []
        faults, self._faults = self._faults, []
        self.size = 0
        return Drained(self._builder.build(), messages, faults)

    def add_fault(self, record: FaultRecord) -> None:
        """Add that a fault struck."""
        self._faults.append(record)

    def _add(self, records: list[Record]) -> None:
        for record in records:
            if isinstance(record, FrameRecord):
                self._builder.add(record)
            else:
                self._messages.append(record)
