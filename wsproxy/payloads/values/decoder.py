"""Single values as decoders: each message by itself."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.payloads.decoded import Decoded, Decoder, Facts, NotThisError, Payload, Sure, decoded
from wsproxy.payloads.lines import size
from wsproxy.payloads.values.formats import Read
from wsproxy.payloads.values.guess import guess
from wsproxy.payloads.values.json import pair_of

Reader = Callable[[Payload], Read]
"""Raises NotThisError, MissingLibraryError."""


def said(name: str, read: Read, payload: Payload, sure: Sure) -> Decoded:
    """One value; the kind is what it calls itself, or the format's name."""
    pair = pair_of(read.value, payload.direction)
    kind = read.kind or name
    shown = decoded(name, name, read.summary, read.value, pair) if name in _NAMED else None
    if shown is None:
        shown = decoded(name, kind, "", read.value, pair)
        line = decoded(name, read.summary, "", None).summary
        shown = shown._replace(summary=line)
    return shown._replace(kind=decoded(name, kind, "", None).kind, sure=sure)


_NAMED = {"jwt", "gzip", "zlib", "zstd", "base64", "cbor", "msgpack", "protobuf", "bson", "xml"}
"""Formats whose lines say their name: the others can be told from it."""


class Guessed(Decoder):
    """The format of each message by its shape."""

    name = "auto"

    def feed(self, payload: Payload) -> list[Decoded] | None:
        found = guess(payload.content, text=payload.text, cut=bool(payload.missing))
        if found is None:
            return None
        return [said(found.name, found.read, payload, Sure.GUESS)]


def fixed(name: str, reader: Reader) -> Callable[[Facts], Decoder]:
    """A decoder for messages that are all of one format."""

    class Fixed(Decoder):
        def feed(self, payload: Payload) -> list[Decoded] | None:
            try:
                read = reader(payload)
            except NotThisError:
                return None
            if read.summary == "…":
                read = read._replace(summary=f"{size(payload.length)}, too long to be read")
            return [said(name, read, payload, Sure.SURE)]

    Fixed.name = name
    return Fixed
