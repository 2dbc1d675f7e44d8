"""Frames as RFC 6455, section 5.2 draws them: values and an encoder.

A `Frame` keeps its header as the bytes that came, so that every bit of it can be shown and the
wire can be reproduced exactly, whatever the sender did (overlong lengths, reserved bits).
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from wsproxy.protocol.masking import apply_mask

FIN = 0x80
RSV1 = 0x40
RSV2 = 0x20
RSV3 = 0x10
OPCODE = 0x0F
MASK = 0x80

MAX_CONTROL_PAYLOAD = 125  # section 5.5

_UINT16 = Struct("!H")
_UINT64 = Struct("!Q")


class Opcode(IntEnum):
    """Section 11.8; 0x3-0x7 and 0xB-0xF are reserved."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


OPCODE_NAMES = {opcode.value: opcode.name.lower() for opcode in Opcode}


def opcode_name(opcode: int) -> str:
    """`text`, `continuation`, ...; a reserved opcode as `0xb`."""
    return OPCODE_NAMES.get(opcode) or f"0x{opcode:x}"


class Frame(NamedTuple):
    """One frame of the wire.

    A plain tuple because one is made for every frame that passes.
    """

    opcode: int
    header: bytes
    """The header as it came, 2 to 14 bytes, masking key included."""
    payload: bytes
    """Unmasked; the first bytes only if the decoder was told to keep no more."""
    payload_length: int
    """The payload length that the header announces."""
    received: int
    """Payload bytes that came; -1 if the stream ended inside the header."""

    @classmethod
    def of(cls, wire: bytes) -> Frame:
        """The frame that `wire` is, or as much of it as came; bytes beyond it do not count."""
        head = parse_header(wire)
        if head is None:
            return cls(wire[0] & OPCODE, wire, b"", 0, -1)
        length, size = head
        payload = wire[size : size + length]
        received = len(payload)
        if wire[1] & MASK:
            payload = apply_mask(payload, wire[size - 4 : size])
        return cls(wire[0] & OPCODE, wire[:size], payload, length, received)

    @property
    def fin(self) -> bool:
        return bool(self.header[0] & FIN)

    @property
    def rsv1(self) -> bool:
        return bool(self.header[0] & RSV1)

    @property
    def rsv2(self) -> bool:
        return bool(self.header[0] & RSV2)

    @property
    def rsv3(self) -> bool:
        return bool(self.header[0] & RSV3)

    @property
    def masked(self) -> bool:
        return len(self.header) > 1 and bool(self.header[1] & MASK)

    @property
    def masking_key(self) -> bytes | None:
        return self.header[-4:] if self.masked and self.received >= 0 else None

    @property
    def is_control(self) -> bool:
        return self.opcode >= 0x8

    @property
    def complete(self) -> bool:
        """Whether the whole frame came before the stream ended."""
        return self.received == self.payload_length

    @property
    def payload_cut(self) -> bool:
        """Whether more of the payload came than was kept."""
        return self.received > len(self.payload)

    @property
    def wire(self) -> bytes:
        """The bytes of the wire again.

        Raises ValueError if only a part of the payload was kept.
        """
        if self.payload_cut:
            raise ValueError(f"only {len(self.payload)} of {self.received} bytes were kept")
        key = self.masking_key
        return self.header + (apply_mask(self.payload, key) if key else self.payload)


def parse_header(data: bytes, pos: int = 0) -> tuple[int, int] | None:
    """The payload length that a header announces, and the header's own length, in bytes.

    `data` has the header from `pos` on; None if it is not all there. Section 5.2 demands the
    shortest form of the length; this reads any.
    """
    end = len(data)
    if end - pos < 2:
        return None
    second = data[pos + 1]
    length = second & 0x7F
    size = 6 if second & MASK else 2
    if length == 126:
        size += 2
        if end - pos < size:
            return None
        (length,) = _UINT16.unpack_from(data, pos + 2)
    elif length == 127:
        size += 8
        if end - pos < size:
            return None
        (length,) = _UINT64.unpack_from(data, pos + 2)
    elif end - pos < size:
        return None
    return length, size


def minimal_header_size(length: int, *, masked: bool) -> int:
    """The size of the header that section 5.2 demands for a payload of `length` bytes."""
    size = 2 if length < 126 else 4 if length < 65536 else 10
    return size + 4 if masked else size


def encode_header(
    first: int, length: int, masking_key: bytes | None = None, *, length_bits: int | None = None
) -> bytes:
    """Build a header.

    `first` is the first byte (FIN, RSV1-3 and opcode). `length_bits` of 7, 16 or 64 forces a
    form of the length; None takes the shortest, as section 5.2 demands.
    Raises ValueError where the length does not fit the form.
    """
    if length_bits is None:
        length_bits = 7 if length < 126 else 16 if length < 65536 else 64
    if length >= (126 if length_bits == 7 else 1 << length_bits):
        raise ValueError(f"a length of {length} does not fit into {length_bits} bits")
    mask = MASK if masking_key is not None else 0
    if length_bits == 7:
        header = bytes((first, mask | length))
    elif length_bits == 16:
        header = bytes((first, mask | 126)) + _UINT16.pack(length)
    else:
        header = bytes((first, mask | 127)) + _UINT64.pack(length)
    return header + masking_key if masking_key is not None else header


def make_frame(
    opcode: int,
    payload: bytes,
    *,
    fin: bool = True,
    rsv1: bool = False,
    masking_key: bytes | None = None,
) -> Frame:
    """A frame that the proxy sends itself; `payload` is given unmasked."""
    first = (FIN if fin else 0) | (RSV1 if rsv1 else 0) | opcode
    size = len(payload)
    return Frame(opcode, encode_header(first, size, masking_key), payload, size, size)
