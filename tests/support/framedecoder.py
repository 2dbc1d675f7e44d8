"""The simple, slow decoder: what tests read the wire with, and compare the fast one to."""

from __future__ import annotations

from struct import Struct

from wsproxy.protocol.frames import MASK, OPCODE, Frame
from wsproxy.protocol.masking import apply_mask

_UINT16 = Struct("!H")
_UINT64 = Struct("!Q")


class FrameDecoder:
    """Turns a stream of bytes, fed in pieces of any size, into frames.

    It never refuses anything: what breaks the RFC is decoded as well as it can be, and `lint`
    says what is wrong with it. `keep` bounds the payload bytes that a frame keeps (None: all).
    """

    def __init__(self, keep: int | None = None) -> None:
        self.keep = keep
        self._buffer = b""  # an incomplete header
        self._header = b""  # of a frame whose payload is still coming
        self._length = 0
        self._received = 0
        self._kept = bytearray()

    @property
    def at_boundary(self) -> bool:
        """Whether the last byte fed was the last one of a frame."""
        return not self._buffer and not self._header

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        frames: list[Frame] = []
        pos = 0
        if self._header:
            pos = self._continue_payload(data, 0, frames)
        elif self._buffer:
            data = self._buffer + data
            self._buffer = b""
        end = len(data)
        keep = self.keep
        while end - pos >= 2:
            second = data[pos + 1]
            length = second & 0x7F
            body = pos + (6 if second & MASK else 2)
            if length >= 126:
                body += 2 if length == 126 else 8
                if body > end:
                    break
                if length == 126:
                    (length,) = _UINT16.unpack_from(data, pos + 2)
                else:
                    (length,) = _UINT64.unpack_from(data, pos + 2)
            stop = body + length
            if stop > end or (keep is not None and length > keep):
                if body > end:
                    break
                self._header = data[pos:body]
                self._length = length
                pos = self._continue_payload(data, body, frames)
                continue
            payload = data[body:stop]
            if second & MASK:
                payload = apply_mask(payload, data[body - 4 : body])
            frame = (data[pos] & OPCODE, data[pos:body], payload, length, length)
            frames.append(Frame(*frame))
            pos = stop
        if pos < end:
            self._buffer = data[pos:]
        return frames

    def eof(self) -> Frame | None:
        """The frame that the end of the stream cut off, if there is one."""
        if self._header:
            return self._finish()
        if self._buffer:
            header, self._buffer = self._buffer, b""
            return Frame(header[0] & OPCODE, header, b"", 0, -1)
        return None

    def _continue_payload(self, data: bytes, pos: int, frames: list[Frame]) -> int:
        """Take what belongs to the frame under way; return where the next one starts."""
        stop = min(len(data), pos + self._length - self._received)
        room = stop - pos if self.keep is None else max(self.keep - len(self._kept), 0)
        self._kept += data[pos : min(stop, pos + room)]
        self._received += stop - pos
        if self._received == self._length:
            frames.append(self._finish())
        return stop

    def _finish(self) -> Frame:
        header = self._header
        payload = bytes(self._kept)
        if header[1] & MASK:
            payload = apply_mask(payload, header[-4:])
        frame = Frame(header[0] & OPCODE, header, payload, self._length, self._received)
        self._header = b""
        self._received = 0
        self._kept = bytearray()
        return frame
