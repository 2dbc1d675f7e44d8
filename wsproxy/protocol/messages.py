"""Messages (RFC 6455, section 5.4): put together from the payloads of their frames."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from wsproxy.errors import DeflateError
from wsproxy.protocol.deflate import TAIL, Inflater
from wsproxy.protocol.frames import OPCODE, RSV1, Opcode

INFLATE_AT_ONCE = 1024 * 1024
"""Bytes that are inflated in one go: a few milliseconds' work."""


@dataclass(slots=True)
class Message:
    """A whole message, content inflated."""

    opcode: int
    content: bytes
    """The first bytes only if the assembler was told to keep no more."""
    content_length: int
    """The true length of the content, in bytes."""
    payload_length: int
    """The sum of the frames' payload lengths, in bytes."""
    compressed: bool = False
    opaque: str | None = None
    """Why `content` is the payload as it came and not what the sender meant, or None."""
    invalid_utf8: bool = False
    frames: int = 1
    """In how many frames it came."""

    @property
    def content_cut(self) -> bool:
        return self.content_length > len(self.content)

    @property
    def says_more(self) -> bool:
        """Whether its content is not just the payload of its one frame."""
        return self.compressed or self.opaque is not None or self.frames > 1


class Utf8Check:
    """Whether bytes that come in pieces are UTF-8 (section 8.1)."""

    __slots__ = ("_tail", "valid")

    def __init__(self) -> None:
        self.valid = True
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """Look at the next piece; a character may be cut at its end."""
        if not self.valid or (not self._tail and piece.isascii()):
            return
        data = self._tail + piece if self._tail else piece
        try:
            _, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            self.valid = False
            return
        self._tail = data[used:]

    @property
    def whole(self) -> bool:
        """Whether all of it was UTF-8, its last character included."""
        return self.valid and not self._tail


class MessageAssembler:
    """Puts the data frames of one direction together, payload by payload.

    `keep` bounds the content that a message keeps, in bytes (None: all). `inflater` is given
    where permessage-deflate was agreed. `opaque` says why nothing can be read at all, or is None.
    Call `begin` for the first frame of a message, `frame` for each further one, `feed` for pieces
    of payload, `end` after the last one.
    """

    def __init__(
        self,
        keep: int | None = None,
        inflater: Inflater | None = None,
        opaque: str | None = None,
    ) -> None:
        self.keep = keep
        self.inflated = 0
        """Bytes inflated since somebody set it to 0."""
        self.inflater = inflater
        self._unreadable = opaque
        self.in_message = False
        """Whether a message has begun and not ended."""
        self._opcode = 0
        self.compressed = False
        """Whether the message under way is compressed."""
        self._opaque: str | None = None
        self._frames = 0
        self._payload_length = 0
        self._content_length = 0
        self._parts: list[bytes] = []
        self._kept = 0
        self._utf8: Utf8Check | None = None

    def begin(self, first: int) -> None:
        """A message begins; `first` is the first byte of its first frame's header.

        One that was under way ends there, as far as it came.
        """
        inflater = self.inflater
        self.in_message = True
        self._opcode = first & OPCODE
        self.compressed = bool(first & RSV1) and inflater is not None
        self._opaque = self._unreadable
        if self.compressed and inflater is not None:
            self._opaque = self._unreadable or inflater.broken
        self._frames = 0
        self._payload_length = self._content_length = self._kept = 0
        self._parts = []
        self._utf8 = Utf8Check() if self._opcode == Opcode.TEXT and not self._opaque else None

    def frame(self, payload_length: int) -> None:
        """One more frame of the message begins."""
        self._frames += 1
        self._payload_length += payload_length

    def feed(self, payload: bytes, *, last: bool) -> bool:
        """Take a piece of payload in, unmasked; `last` ends the message.

        False where so much came out of it that the rest has to wait for `go_on`.
        """
        if not self.compressed or self._opaque is not None:
            self._keep(payload, len(payload))
            return True
        assert self.inflater is not None
        return self._inflate(payload + TAIL if last else payload)

    def go_on(self) -> bool:
        """Inflate what is left of the last piece; False where that was not all yet."""
        return self._inflate(b"")

    def keep_less(self, keep: int) -> None:
        """Keep no more than `keep` bytes of the content from now on, of what there is, too."""
        self.keep = keep
        if self._kept > keep:
            content = b"".join(self._parts)[:keep]
            self._parts, self._kept = [content], len(content)

    def end(self) -> Message:
        """The message that its last piece has ended."""
        self.in_message = False
        if self.compressed and self.inflater is not None:
            self.inflater.end_message()
        parts = self._parts
        self._parts = []
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        utf8 = self._utf8
        return Message(
            self._opcode,
            content,
            self._content_length,
            self._payload_length,
            self.compressed,
            self._opaque,
            utf8 is not None and self._opaque is None and not utf8.whole,
            self._frames,
        )

    def _inflate(self, data: bytes) -> bool:
        inflater = self.inflater
        assert inflater is not None
        room = None if self.keep is None else max(self.keep - self._kept, 0)
        try:
            found = inflater.feed(data, room, most=INFLATE_AT_ONCE)
        except DeflateError as error:
            # What was inflated so far is no more than a part: the payload says as much.
            self._opaque = str(error)
            return True
        self.inflated += found.length
        self._keep(found.data, found.length)
        return not inflater.pending

    def _keep(self, data: bytes, length: int) -> None:
        self._content_length += length
        if self._utf8 is not None:
            self._utf8.feed(data)
        if self.keep is not None and self._kept + len(data) > self.keep:
            data = data[: max(self.keep - self._kept, 0)]
        if data:
            self._parts.append(data)
            self._kept += len(data)


def fragment_sizes(payload_lengths: list[int], new_length: int) -> list[int]:
    """How a changed message is split: as before if its length is the same, else not at all."""
    return payload_lengths if sum(payload_lengths) == new_length else [new_length]
