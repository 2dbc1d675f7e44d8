"""CBOR (RFC 8949), by the library cbor2."""

from __future__ import annotations

from typing import Any

from wsproxy.payloads.bounds import MAX_DEPTH, MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import need
from wsproxy.payloads.lines import brief
from wsproxy.payloads.trees import CUT
from wsproxy.payloads.values.formats import Format, Read
from wsproxy.payloads.values.json import kind_of

_SMALL = 16 * 1024
"""Bytes of a content whose maps may have keys of any type. In a longer one only text and bytes
are: numbers can be chosen so that a dictionary becomes slow."""

# 3.4.4, 3.4.5.1 and RFC 8746: to make these numbers, patterns and messages may take for ever.
_NOT_MADE = (4, 5, 30, 35, 36)
_SELF_DESCRIBED = b"\xd9\xd9\xf7"  # 3.4.6


class NotCborError(NotThisError):
    """The content is not CBOR."""


class Cbor(Format):
    """One value."""

    name = "cbor"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        # Arrays and maps that are not empty: others are too common in what is none.
        return not text and (
            content[:3] == _SELF_DESCRIBED
            or (len(content) > 1 and (content[0] in _ARRAYS or content[0] in _MAPS))
        )

    def read(self, content: bytes, *, cut: bool) -> Read:
        value = load(content, cut=cut)
        return Read(value, brief(value), kind_of(value))


_ARRAYS = range(0x81, 0xA0)
_MAPS = range(0xA1, 0xC0)


def load(content: bytes, *, cut: bool = False) -> Any:
    """One value that takes all of the content; CUT if that is `cut` or too long.

    Raises NotCborError.
    """
    if cut or len(content) > MAX_PARSED:
        return CUT
    library = need("cbor2", "CBOR")

    def kept(number: int) -> Any:
        return lambda value, immutable: library.CBORTag(number, value)

    try:
        return library.loads(
            content,
            max_depth=MAX_DEPTH,
            str_errors="backslashreplace",
            strict_hashable_types=len(content) > _SMALL,
            semantic_decoders={number: kept(number) for number in _NOT_MADE},
        )
    except Exception as error:  # noqa: BLE001 - whatever the library makes of untrusted bytes
        raise NotCborError(str(error)) from None
