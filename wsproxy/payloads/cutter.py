"""Packets in a stream of bytes that comes in messages cut anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from wsproxy.payloads.bounds import MAX_HEAD

Measure = Callable[[bytes, int], int | bytes | None]
"""Given bytes and the offset where a packet begins: the packet's length; or the one byte that ends
it, if its length is written nowhere; or None if more must come to tell. Raises LostError if
this is not a packet."""


class LostError(ValueError):
    """The bytes are not a packet of the protocol."""


class Packet(NamedTuple):
    """One packet."""

    content: bytes
    """Its first MAX_HEAD bytes, fewer if some were not recorded."""
    length: int
    messages: int
    """How many messages it took."""

    @property
    def cut(self) -> bool:
        return len(self.content) < self.length


class Cutter:
    """Cuts one direction of a connection into packets.

    Of a packet that spans messages the first MAX_HEAD bytes are kept. Bytes that were not
    recorded are counted; the packet boundaries survive that if a length is written.
    """

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._reset()

    def _reset(self) -> None:
        self._head = b""
        self._seen = 0
        self._messages = 0
        self._need: int | None = None
        self._end: bytes | None = None

    @property
    def pending(self) -> int:
        """Bytes of a packet that has begun and not ended."""
        return self._seen

    @property
    def expected(self) -> int | None:
        """The length of the packet that has begun, if it is known."""
        return self._need

    @property
    def head(self) -> bytes:
        """The beginning of the packet that has begun."""
        return self._head

    def feed(self, content: bytes, missing: int = 0) -> Iterator[Packet]:
        """The packets that end in this message; `missing` bytes after it were not recorded.

        Each packet is to be looked at before the next is asked for, where it decides how that
        is measured. Raises LostError; the next message is then taken for the beginning of a
        packet.
        """
        try:
            yield from self._feed(content)
            if missing:
                yield from self._skip(missing)
        except LostError:
            self._reset()
            raise

    def _feed(self, content: bytes) -> Iterator[Packet]:
        at = 0
        if self._seen:
            if self._need is None and self._end is None:
                content = self._head + content
                messages = self._messages
                self._reset()
                self._messages = messages
            else:
                at = self._continue(content)
                if at < 0:
                    return
                yield self._packet()
        while at < len(content):
            size = self._measure(content, at)
            end = -1
            if isinstance(size, int):
                if size <= 0:
                    raise LostError("a packet without bytes")
                end = at + size
            elif size is not None:
                found = content.find(size, at)
                end = found + len(size) if found >= 0 else -1
            if 0 <= end <= len(content):
                yield Packet(content[at : min(end, at + MAX_HEAD)], end - at, self._messages + 1)
                self._messages = 0
                at = end
                continue
            self._begin(content, at, size)
            return

    def _begin(self, content: bytes, at: int, size: int | bytes | None) -> None:
        self._seen = len(content) - at
        if size is None and self._seen > MAX_HEAD:
            raise LostError("the head of a packet is too long")
        self._head = content[at : at + MAX_HEAD]
        self._messages += 1
        self._need = size if isinstance(size, int) else None
        self._end = size if isinstance(size, bytes) else None

    def _continue(self, content: bytes) -> int:
        """The offset behind the packet that has begun, or -1 if it goes on."""
        self._messages += 1
        if self._need is not None:
            end = self._need - self._seen
        else:
            assert self._end is not None
            found = content.find(self._end)
            end = found + len(self._end) if found >= 0 else len(content) + 1
        taken = min(end, len(content))
        if len(self._head) == self._seen:  # nothing was left out so far
            self._head += content[: min(taken, MAX_HEAD - len(self._head))]
        self._seen += taken
        return end if end <= len(content) else -1

    def _skip(self, missing: int) -> Iterator[Packet]:
        if self._seen and self._need is not None and self._seen + missing <= self._need:
            self._seen += missing
            if self._seen == self._need:
                yield self._packet()
        elif self._seen and self._end is not None:
            # Whoever writes no lengths seldom writes over the end of a message.
            self._seen += missing
            yield self._packet()
        else:
            raise LostError("not enough was recorded")

    def _packet(self) -> Packet:
        packet = Packet(self._head, self._seen, self._messages)
        self._reset()
        return packet
