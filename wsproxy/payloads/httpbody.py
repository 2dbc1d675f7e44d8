"""Bodies of plain HTTP, as people read them: the content coding undone (RFC 9110, section 8.4)."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from wsproxy.payloads.bounds import MAX_INFLATED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import MissingLibraryError
from wsproxy.payloads.values.compressed import inflate
from wsproxy.protocol.handshake import Headers, header

_TEXTS = ("json", "xml", "x-www-form-urlencoded", "javascript", "ecmascript", "graphql", "yaml")


class HttpBody(NamedTuple):
    """A body, inflated."""

    content: bytes
    """The beginning of it, at most MAX_INFLATED bytes where it was compressed."""
    whole: bool
    """Whether `content` is all there is."""
    text: bool
    """Whether it is text."""
    coding: str | None = None
    """The content coding that was undone, or could not be."""
    problem: str | None = None
    """Why `content` is not inflated though there is a coding."""


def body_of(headers: Headers, body: bytes, length: int, most: int = MAX_INFLATED) -> HttpBody:
    """What a body says; `length` is its true length on the wire, `body` its beginning.

    `most`: bytes that are inflated.
    """
    coding = (header(headers, "Content-Encoding") or "").strip().lower() or None
    whole = len(body) >= length
    problem = None
    if coding is not None and coding != "identity" and body:
        try:
            body, more = _inflated(coding, body, most)
            whole = whole and not more
        except (NotThisError, MissingLibraryError) as error:
            problem = str(error)
    text = problem is None and _is_text(headers, body, whole=whole)
    return HttpBody(body, whole, text, coding, problem)


def _inflated(coding: str, body: bytes, most: int) -> tuple[bytes, bool]:
    """The first `most` bytes, and whether there is more, or may be.

    Raises NotThisError, MissingLibraryError.
    """
    if coding in ("gzip", "x-gzip"):
        return inflate("gzip", body, most)
    if coding == "zstd":
        return inflate("zstd", body, most)
    if coding == "deflate":
        # RFC 9110, section 8.4.1.2: zlib; some servers send the bare stream of RFC 1951.
        try:
            return inflate("zlib", body, most)
        except NotThisError:
            return _bare(body, most)
    if coding == "br":
        return _brotli(body, most)
    raise NotThisError(f"the content coding {coding} is not known")


def _bare(body: bytes, most: int) -> tuple[bytes, bool]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return inflater.decompress(body, most), not inflater.eof
    except zlib.error as error:
        raise NotThisError(str(error)) from None


def _brotli(body: bytes, most: int) -> tuple[bytes, bool]:
    missing = MissingLibraryError("to read Brotli, install brotli, 1.2 or later")
    try:
        import brotli
    except ImportError:
        raise missing from None
    inflater = brotli.Decompressor()
    try:
        found: bytes = inflater.process(body, output_buffer_limit=most)
    except TypeError:  # an earlier version: it knows no limit
        raise missing from None
    except brotli.error as error:
        raise NotThisError(str(error)) from None
    return found[:most], not inflater.is_finished()


def _is_text(headers: Headers, body: bytes, *, whole: bool) -> bool:
    kind = (header(headers, "Content-Type") or "").partition(";")[0].strip().lower()
    named = kind.startswith("text/") or kind.endswith(_TEXTS)
    if kind and not named and kind != "application/octet-stream":
        return False
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return not whole and error.start >= len(body) - 3 and bool(body)
    return named or b"\0" not in body
