"""gzip (RFC 1952), zlib (RFC 1950) and Zstandard (RFC 8878) inside of a message."""

from __future__ import annotations

import sys
import zlib

from wsproxy.payloads.bounds import MAX_INFLATED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import need

NAMES = ("gzip", "zlib", "zstd")


def compression_of(content: bytes) -> str | None:
    """The name of the compression, from its first bytes."""
    if content[:3] == b"\x1f\x8b\x08":
        return "gzip"
    if content[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    # RFC 1950, 2.2: method 8, and both bytes together a multiple of 31.
    if content[:1] == b"\x78" and len(content) > 6:
        return "zlib" if int.from_bytes(content[:2], "big") % 31 == 0 else None
    return None


def inflate(name: str, content: bytes, most: int = MAX_INFLATED) -> tuple[bytes, bool]:
    """The first `most` bytes of what was compressed, and whether there is more.

    Raises NotThisError.
    """
    return _zstd(content, most) if name == "zstd" else _zlib(content, most)


def _zlib(content: bytes, most: int) -> tuple[bytes, bool]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either header
    try:
        found = inflater.decompress(content, most)
    except zlib.error as error:
        raise NotThisError(str(error)) from None
    return found, not inflater.eof


def _zstd(content: bytes, most: int) -> tuple[bytes, bool]:
    module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    library = need(module, "Zstandard")
    try:
        inflater = library.ZstdDecompressor()
        found: bytes = inflater.decompress(content, most)
    except (library.ZstdError, MemoryError) as error:
        raise NotThisError(str(error)) from None
    return found, not inflater.eof
