"""How a block lies in a wire file.

    header (64 bytes) | columns | notes | stored frames | contents | extras

The header says how long each part is, so that the frames of a wire file can be read without the
index. Two checksums find what a power cut or a bad disk left: one of header, columns and notes, one
of the rest. Extras are what message and fault rows of the index point to.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wsproxy.model.blocks import ENTRY_SIZE, Block, Columns, Note, dump_notes, parse_notes

MAGIC = b"wsB2"

_HEADER = struct.Struct("<4sIQIQQQII12x")
HEADER_SIZE = _HEADER.size

SPARSE = 64 * 1024
"""From so many bytes on, the checksum of a body is that of every STRIDE-th byte: a lost or zeroed
sector changes it all the same, at a twentieth of the cost."""

STRIDE = 61

SMALL = 1024
"""Bytes of a piece, on average, below which pieces are joined: a copy costs less than the checksum
of one more piece, and one more entry of a system call."""

JOINED = 1024 * 1024
"""Bytes that are joined at a time, about: joining holds the interpreter."""


class Sizes(NamedTuple):
    """How long the parts of a block are."""

    frames: int
    notes: int
    stored: int
    contents: int
    extras: int

    @property
    def head(self) -> int:
        """Bytes before the stored frames."""
        return HEADER_SIZE + self.frames * ENTRY_SIZE + self.notes

    @property
    def body(self) -> int:
        """Bytes from the stored frames on."""
        return self.stored + self.contents + self.extras

    @property
    def length(self) -> int:
        """Bytes of the whole block."""
        return self.head + self.body


class Head(NamedTuple):
    """What lies before a block's frames."""

    first_id: int
    sizes: Sizes
    checksum: int
    """Of the body."""
    columns: Columns
    notes: dict[int, Note]


class TornError(ValueError):
    """A block that is not as it was written."""


def body_checksum(pieces: Iterable[bytes], size: int) -> int:
    """The checksum of a body of `size` bytes, whatever pieces it comes in."""
    if size < SPARSE:
        value = 0
        for piece in pieces:
            value = zlib.crc32(piece, value)
        return value
    samples: list[bytes] = []
    skip = 0
    for piece in pieces:
        length = len(piece)
        if skip < length:
            samples.append(piece[skip::STRIDE])
        skip = (skip - length) % STRIDE
    return zlib.crc32(b"".join(samples))


def encode(first_id: int, block: Block, extras: Sequence[bytes]) -> tuple[Sizes, list[bytes]]:
    """A block as it is written: its sizes, and its bytes in pieces."""
    columns = block.columns.pack()
    notes = (dump_notes(block.notes) or "").encode()
    stored, contents, more = map(_join_small, (block.pieces, block.content_pieces, extras))
    sizes = Sizes(block.count, len(notes), *(sum(map(len, p)) for p in (stored, contents, more)))
    body = [*stored, *contents, *more]
    checksum = body_checksum(body, sizes.body)
    header = _header(first_id, sizes, checksum, 0)
    of_head = zlib.crc32(notes, zlib.crc32(columns, zlib.crc32(header)))
    return sizes, [_header(first_id, sizes, checksum, of_head), columns, notes, *body]


def _join_small(pieces: Sequence[bytes]) -> Sequence[bytes]:
    """The same bytes in fewer pieces, where most of them are small."""
    size, count = sum(map(len, pieces)), len(pieces)
    if size >= SMALL * count:
        return pieces
    step = max(JOINED * count // max(size, 1), 1)
    return [b"".join(pieces[start : start + step]) for start in range(0, count, step)]


def _header(first_id: int, sizes: Sizes, checksum: int, of_head: int) -> bytes:
    count, notes, stored, contents, extras = sizes
    return _HEADER.pack(MAGIC, count, first_id, notes, stored, contents, extras, checksum, of_head)


def decode_sizes(header: bytes) -> tuple[int, Sizes, int]:
    """The first id, the sizes and the body's checksum of a header; raises TornError."""
    if len(header) < HEADER_SIZE or header[:4] != MAGIC:
        raise TornError("there is no block")
    _, count, first_id, notes, stored, contents, extras, checksum, _ = _HEADER.unpack_from(header)
    return first_id, Sizes(count, notes, stored, contents, extras), checksum


def decode_head(data: bytes) -> Head:
    """What lies before a block's frames; raises TornError where it is not as it was written."""
    first_id, sizes, checksum = decode_sizes(data)
    if len(data) < sizes.head:
        raise TornError("the block is cut off")
    of_head = _HEADER.unpack_from(data)[8]
    bare = _header(first_id, sizes, checksum, 0)
    if zlib.crc32(memoryview(data)[HEADER_SIZE : sizes.head], zlib.crc32(bare)) != of_head:
        raise TornError("the block is damaged")
    start = HEADER_SIZE + sizes.frames * ENTRY_SIZE
    columns = Columns.unpack(sizes.frames, data[HEADER_SIZE:start])
    notes = parse_notes(data[start : sizes.head].decode()) if sizes.notes else {}
    return Head(first_id, sizes, checksum, columns, notes)
