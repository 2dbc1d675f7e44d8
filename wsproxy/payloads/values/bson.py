"""BSON (https://bsonspec.org), by pymongo's bson."""

from __future__ import annotations

from wsproxy.payloads.bounds import MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import need
from wsproxy.payloads.lines import brief
from wsproxy.payloads.trees import CUT
from wsproxy.payloads.values.formats import Format, Read
from wsproxy.payloads.values.json import kind_of


class Bson(Format):
    """One document."""

    name = "bson"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        # A document is its length in 32 bits, the lowest byte first, elements, and a zero.
        length = int.from_bytes(content[:4], "little")
        return not text and length == len(content) >= 5 and content[-1] == 0

    def read(self, content: bytes, *, cut: bool) -> Read:
        if cut or len(content) > MAX_PARSED:
            return Read(CUT, "…")
        library = need("bson", "BSON")
        try:
            value = library.decode(content, _options())
        except Exception as error:  # noqa: BLE001 - whatever the library makes of untrusted bytes
            raise NotThisError(str(error)) from None
        return Read(value, brief(value), kind_of(value))


def _options() -> object:
    codec = need("bson.codec_options", "BSON")
    # Dates outside of Python's years stay numbers.
    return codec.CodecOptions(
        unicode_decode_error_handler="backslashreplace",
        datetime_conversion=codec.DatetimeConversion.DATETIME_AUTO,
        tz_aware=True,
    )
