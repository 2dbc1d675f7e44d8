"""A block as filters see it when they look at many frames at once (filters.table.Table)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from wsproxy.filters.regex import Regex
from wsproxy.filters.subject import Subject
from wsproxy.filters.table import Rough, flags_of, mask_of
from wsproxy.model.blocks import Block, Columns, Note
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord
from wsproxy.protocol.frames import FIN, OPCODE, RSV1
from wsproxy.store.bytesearch import matching, spans_of

_ENDS_JOINED = bytes(byte >= FIN and not byte & OPCODE for byte in range(256))
_RSV1 = bytes(byte & RSV1 != 0 for byte in range(256))


class MessageMarks(NamedTuple):
    """What the index knows of a message beside its frames."""

    verdict: str = "relayed"
    violations: bool = False
    cut: bool = False
    stored: bool = False
    """Whether it has a record of its own, and with it a content."""
    opaque: bool = False
    faults: tuple[str, ...] = ()
    note: NoteRecord | None = None


class BlockTable:
    """The frames of one block."""

    def __init__(
        self,
        columns: Columns,
        notes: dict[int, Note],
        block: Callable[[], Block],
        messages: dict[int, MessageMarks],
        connection: Callable[[int], ConnectionRecord | None],
        rest: Callable[[], None],
    ) -> None:
        """`block` reads the payloads; it is called when a filter asks for them.

        `messages` is by the index of the frame that ends the message.
        """
        self.columns = columns
        self.count = len(columns.keys)
        self.full = int.from_bytes(b"\x01" * self.count, "little")
        self.firsts = columns.firsts.tobytes()
        self._notes = notes
        self._read = block
        self._messages = messages
        self._connection = connection
        self._rest = rest

    @cached_property
    def downstream(self) -> int:
        return mask_of(bytes([key & 1 for key in self.columns.keys]))

    @cached_property
    def joined(self) -> int:
        opaque = [index for index, message in self._messages.items() if message.opaque]
        broken = [index for index, note in self._notes.items() if note.received == -1]
        unread = mask_of(self.firsts.translate(_RSV1)) & ~self._with_content
        ends = mask_of(self.firsts.translate(_ENDS_JOINED))
        return ends | unread | self._those([*opaque, *broken])

    @cached_property
    def block(self) -> Block:
        return self._read()

    def lengths(self) -> Iterable[int]:
        columns = self.columns
        return map(int.__sub__, columns.sizes, columns.headers)

    def of_connections(self, test: Callable[[Subject], bool]) -> int:
        def passes(number: int) -> bool:
            connection = self._connection(number)
            subject = Subject(connection_id=number)
            return test(subject if connection is None else subject.on(connection))

        return self.numbered(passes)

    def numbered(self, test: Callable[[int], bool]) -> int:
        keys = self.columns.keys
        passing = {key: test(key >> 1) for key in set(keys)}
        return mask_of(bytes([passing[key] for key in keys]))

    def noted(self) -> int:
        found = [i for i, message in self._messages.items() if message.note is not None]
        return self._those(found) | self.of_connections(lambda subject: bool(subject.notes))

    def marked(self, word: str) -> Rough:
        found = [i for i, message in self._messages.items() if _has(message, word)]
        if word == "violation":
            found += [index for index, note in self._notes.items() if note.violations]
        elif word == "injected":
            found += [index for index, note in self._notes.items() if note.origin is not None]
        elif word == "cut":
            found += [
                index
                for index, note in self._notes.items()
                if note.received is not None or note.content_length is not None
            ]
            return Rough(self._those(found), 0)
        mask = self._those(found)
        if word == "marked":
            mask |= self.of_connections(lambda subject: subject.marked)
        return Rough(mask, mask)

    def containing(self, regex: Regex, within: int) -> Rough:
        stored = self._those([i for i, message in self._messages.items() if message.stored])
        stored |= self.joined
        beside = self._with_content & within & ~stored
        inside = within & ~beside & ~stored
        found = bytearray(self.count)
        columns, block = self.columns, self.block
        if inside:
            spans = spans_of(0, columns.headers, columns.sizes)
            wanted = flags_of(inside, self.count)
            for index in matching(regex, block.stored, spans, wanted, self._rest):
                found[index] = 1
        if beside:
            sizes = [max(size - 1, 0) for size in columns.contents]
            spans = spans_of(0, bytes(self.count), sizes)
            wanted = flags_of(beside, self.count)
            for index in matching(regex, block.contents, spans, wanted, self._rest):
                found[index] = 1
        sure = mask_of(bytes(found))
        return Rough(sure | (stored & within), sure)

    @cached_property
    def _with_content(self) -> int:
        if not any(self.columns.contents):
            return 0
        return mask_of(bytes([size > 0 for size in self.columns.contents]))

    def _those(self, indexes: Iterable[int]) -> int:
        flags = bytearray(self.count)
        for index in indexes:
            if index < self.count:
                flags[index] = 1
        return mask_of(bytes(flags))


def _has(message: MessageMarks, word: str) -> bool:
    if word == "violation":
        return message.violations
    if word == "cut":
        return message.cut
    if word == "marked":
        return message.note is not None and message.note.marked
    return word == message.verdict or word in message.faults
