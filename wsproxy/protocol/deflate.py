"""permessage-deflate (RFC 7692): its parameters, and both halves of the compression.

The proxy only listens in: it inflates a copy of what passes and leaves the wire as it is. A
`Deflater` is needed only where somebody changed a message.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

from wsproxy.errors import DeflateError

NAME = "permessage-deflate"
TAIL = b"\x00\x00\xff\xff"  # section 7.2.1: what a sender leaves off and a receiver adds
INFLATE_LIMIT = 64 * 1024 * 1024
"""Bytes that one message may inflate to before it counts as a bomb and is left alone."""

_STEP = 64 * 1024
_PARAMETER = re.compile(r"""\s*([A-Za-z0-9_-]+)\s*(?:=\s*"?(\d+)"?\s*)?$""")


class DeflateParameters(NamedTuple):
    """What a server agreed to (section 7.1). The defaults are those of an answer without any."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    @classmethod
    def parse(cls, parameters: list[str]) -> DeflateParameters:
        """Read the parameters of an accepted extension, e.g. `["server_max_window_bits=10"]`.

        Raises DeflateError for an unknown, repeated or senseless one (section 7.1).
        """
        values: dict[str, Any] = {}
        for parameter in parameters:
            match = _PARAMETER.match(parameter)
            name = match[1].lower() if match else parameter
            if match is None or name not in cls._fields or name in values:
                raise DeflateError(f"permessage-deflate does not allow the parameter {parameter!r}")
            if name.endswith("_bits"):
                bits = int(match[2] or 15)
                if not 8 <= bits <= 15:
                    raise DeflateError(f"{name} must be 8 to 15, not {bits}")
                values[name] = bits
            else:
                values[name] = True
        return cls(**values)


class Inflated(NamedTuple):
    """What a piece of compressed payload said."""

    data: bytes
    """The first bytes only if `keep` was exhausted."""
    length: int
    """How many bytes it really was."""


class Inflater:
    """Follows one direction's compression; feed it every compressed message, changed or not.

    After an error or a bomb the context is lost: with context takeover everything that follows
    is opaque (`broken` says why), without it the next message starts afresh.
    """

    def __init__(self, window_bits: int = 15, *, no_context_takeover: bool = False) -> None:
        # zlib reads windows of 8 bits only as 9 (its own limit); a larger window reads them all.
        self._window_bits = max(window_bits, 9)
        self._no_context_takeover = no_context_takeover
        self._zlib = self._fresh()
        self._length = 0
        self.broken: str | None = None
        self.pending = b""
        """Compressed bytes that `feed` was given and has not inflated yet."""

    def feed(
        self,
        data: bytes,
        keep: int | None = None,
        limit: int = INFLATE_LIMIT,
        most: int | None = None,
    ) -> Inflated:
        """Inflate a part of a message, keeping at most `keep` bytes (None: all).

        With `most` it stops after about so many bytes: what is left is `pending`, and the next
        call (with b"") goes on.
        Raises DeflateError where the data is invalid or grows past `limit` bytes a message.
        """
        if self.broken:
            raise DeflateError(self.broken)
        if self.pending:
            data = self.pending + data
            self.pending = b""
        zlib_ = self._zlib
        try:
            piece = zlib_.decompress(data, _STEP)
        except zlib.error as error:
            raise self._invalid(error) from None
        length = len(piece)
        if length < _STEP and not zlib_.unconsumed_tail and not zlib_.eof:
            # By far the most messages end here.
            self._length += length
            self._check(limit)
            return Inflated(piece if keep is None or length <= keep else piece[:keep], length)
        return self._feed_on(piece, keep, limit, most)

    def whole(self, payload: bytes, keep: int | None = None) -> tuple[bytes, int]:
        """Inflate a whole message, as `feed` and `finish` do, in less time.

        Not where it is `broken`. Returns the content, at most `keep` bytes of it (None: all), and
        its true length. Raises DeflateError.
        """
        try:
            content = self._zlib.decompress(payload + TAIL, _STEP)
        except zlib.error as error:
            raise self._invalid(error) from None
        length = len(content)
        if length == _STEP or self._zlib.eof:
            content, length = self._feed_on(content, keep, INFLATE_LIMIT, None)
        if self._no_context_takeover or self._length:
            self.end_message()
        return content if keep is None or length <= keep else content[:keep], length

    def _feed_on(self, piece: bytes, keep: int | None, limit: int, most: int | None) -> Inflated:
        kept: list[bytes] = []
        room = keep if keep is not None else limit
        length = 0
        while True:
            length += len(piece)
            self._length += len(piece)
            if room > 0:
                kept.append(piece[:room])
                room -= len(piece)
            self._check(limit)
            data = self._zlib.unconsumed_tail
            if self._zlib.eof:
                # A block with BFINAL set (section 7.2.3.4): what follows is a new stream.
                data = self._zlib.unused_data
                self._zlib = self._fresh()
            if not data and len(piece) < _STEP:
                break
            if most is not None and length >= most and data:
                self.pending = data
                break
            try:
                piece = self._zlib.decompress(data, _STEP)
            except zlib.error as error:
                raise self._invalid(error) from None
        return Inflated(b"".join(kept), length)

    def _check(self, limit: int) -> None:
        if self._length > limit:
            self.broken = f"inflates to more than {limit} bytes"
            raise DeflateError(self.broken)

    def _invalid(self, error: zlib.error) -> DeflateError:
        self.broken = f"invalid compressed data ({error})"
        return DeflateError(self.broken)

    def finish(self, keep: int | None = None, limit: int = INFLATE_LIMIT) -> Inflated:
        """End a message: the bytes that its tail (section 7.2.2) brings out."""
        try:
            return self.feed(TAIL, keep, limit)
        finally:
            self.end_message()

    def end_message(self) -> None:
        """The tail of a message was fed; the next one may start afresh."""
        self._length = 0
        self.pending = b""
        if self._no_context_takeover:
            self._zlib = self._fresh()
            self.broken = None

    def _fresh(self) -> zlib._Decompress:
        return zlib.decompressobj(-self._window_bits)


class Deflater:
    """The proxy's own compression of one direction, from its first changed message on."""

    def __init__(self, window_bits: int = 15, *, no_context_takeover: bool = False) -> None:
        self._window_bits = max(window_bits, 9)
        self._no_context_takeover = no_context_takeover
        # With 8 bits nothing that zlib writes is sure to fit: such a message is sent as it is.
        self.possible = window_bits >= 9
        self._zlib: zlib._Compress | None = None  # a quarter of a MiB: most never need it

    def message(self, content: bytes) -> bytes:
        """The compressed payload of a whole message (section 7.2.1)."""
        if self._zlib is None or self._no_context_takeover:
            self._zlib = zlib.compressobj(wbits=-self._window_bits)
        data = self._zlib.compress(content) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        # Section 7.2.3.6: an empty message is the single byte 0x00.
        return data[: -len(TAIL)] or b"\x00"
