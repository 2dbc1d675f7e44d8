"""Messages (RFC 6455, section 5.4): put together from frames, taken apart into frames again."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsproxy.errors import DeflateError
from wsproxy.protocol.deflate import Inflater
from wsproxy.protocol.frames import Frame, Opcode
from wsproxy.protocol.lint import utf8_valid


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
    frame_lengths: list[int] = field(default_factory=list)
    """Payload length of each frame, in order; the first MAX_FRAME_LENGTHS."""

    @property
    def content_cut(self) -> bool:
        return self.content_length > len(self.content)


MAX_FRAME_LENGTHS = 1024
"""Frame lengths kept of a message, so that a message of a million fragments stays small."""


class MessageAssembler:
    """Puts the data frames of one direction together. Control frames are not fed.

    `keep` bounds the content that a message keeps (None: all). `inflater` is given where
    permessage-deflate was negotiated. `opaque` says why nothing can be read at all, or is None.
    """

    def __init__(
        self,
        keep: int | None = None,
        inflater: Inflater | None = None,
        opaque: str | None = None,
    ) -> None:
        self.keep = keep
        self._inflater = inflater
        self._opaque = opaque
        self._message: Message | None = None
        self._parts: list[bytes] = []
        self._kept = 0

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._message is not None

    def feed(self, frame: Frame) -> Message | None:
        """Add a data frame; return the message that it ends.

        A frame out of order is taken as well as possible: a continuation of nothing begins a
        message, a new message inside another one ends the old one.
        """
        if self._message is None or frame.opcode != Opcode.CONTINUATION:
            self._begin(frame)
        message = self._message
        assert message is not None
        message.payload_length += frame.payload_length
        if len(message.frame_lengths) < MAX_FRAME_LENGTHS:
            message.frame_lengths.append(frame.payload_length)
        self._add(message, frame)
        if not frame.fin or not frame.complete:
            return None
        self._message = None
        return self._end(message)

    def _begin(self, frame: Frame) -> None:
        compressed = frame.rsv1 and self._inflater is not None
        self._message = Message(frame.opcode, b"", 0, 0, compressed, self._opaque)
        if compressed and self._inflater is not None:
            self._message.opaque = self._opaque or self._inflater.broken
        self._parts = []
        self._kept = 0

    def _room(self) -> int | None:
        return None if self.keep is None else self.keep - self._kept

    def _add(self, message: Message, frame: Frame) -> None:
        data, length = frame.payload, frame.payload_length
        if message.compressed and not message.opaque and self._inflater is not None:
            if frame.payload_cut:
                # What was not kept cannot be inflated, and the context is lost with it.
                self._inflater.broken = "a compressed frame was longer than what is kept of it"
                message.opaque = self._inflater.broken
            else:
                try:
                    data, length = self._inflater.feed(frame.payload, self._room())
                except DeflateError as error:
                    message.opaque = str(error)
                    data = b""
        self._keep(message, data, length)

    def _keep(self, message: Message, data: bytes, length: int) -> None:
        room = self._room()
        if room is not None and len(data) > room:
            data = data[:room]
        if data:
            self._parts.append(data)
            self._kept += len(data)
        message.content_length += length

    def _end(self, message: Message) -> Message:
        if message.compressed and self._inflater is not None:
            try:
                tail = self._inflater.finish(self._room())
                self._keep(message, tail.data, tail.length)
            except DeflateError as error:
                message.opaque = message.opaque or str(error)
        message.content = b"".join(self._parts)
        self._parts = []
        if message.opcode == Opcode.TEXT and not message.opaque:
            message.invalid_utf8 = not utf8_valid(message.content, whole=not message.content_cut)
        return message


def fragment_sizes(frame_lengths: list[int], new_length: int) -> list[int]:
    """How a changed message is split: as before if its length is the same, else not at all."""
    return frame_lengths if sum(frame_lengths) == new_length else [new_length]
