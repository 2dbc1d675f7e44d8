"""MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), by the library msgpack."""

from __future__ import annotations

from typing import Any

from wsproxy.payloads.bounds import MAX_DEPTH, MAX_NODES, MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import need
from wsproxy.payloads.lines import brief
from wsproxy.payloads.trees import CUT
from wsproxy.payloads.values.formats import Format, Read
from wsproxy.payloads.values.json import kind_of


class NotMessagePackError(NotThisError):
    """The content is not MessagePack."""


class MessagePack(Format):
    """One value."""

    name = "msgpack"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        # Maps and arrays that are not empty: others are too common in what is none.
        return not text and len(content) > 1 and (content[0] in _SHORT or content[0] in _LONG)

    def read(self, content: bytes, *, cut: bool) -> Read:
        value = unpack(content, cut=cut)
        return Read(value, brief(value), kind_of(value))


_SHORT = range(0x81, 0xA0)
_LONG = (0xDC, 0xDD, 0xDE, 0xDF)


def unpack(content: bytes, *, cut: bool = False) -> Any:
    """One value, all of the content or, if it is `cut` or too long, as far as it goes.

    Raises NotMessagePackError. Containers are walked here, and only scalars left to the library:
    it would make room for as many elements as a container claims to have, at every depth.
    """
    if len(content) > MAX_PARSED:
        content, cut = content[:MAX_PARSED], True
    library = need("msgpack", "MessagePack")
    unpacker = library.Unpacker(
        strict_map_key=False,
        unicode_errors="backslashreplace",
        max_buffer_size=len(content) + 1,
    )
    unpacker.feed(content)
    walk = _Walk(library, unpacker, content)
    try:
        value = walk.value(0)
    except NotMessagePackError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the library makes of untrusted bytes
        raise NotMessagePackError(str(error)) from None
    if walk.short and not cut:
        raise NotMessagePackError("it ends too early")
    if not walk.short and not walk.full and unpacker.tell() != len(content) and not cut:
        raise NotMessagePackError("something comes after it")
    return value


class _Walk:
    def __init__(self, library: Any, unpacker: Any, content: bytes) -> None:
        self._library = library
        self._unpacker = unpacker
        self._content = content
        self._nodes = MAX_NODES
        self.short = False
        self.full = False

    @property
    def _done(self) -> bool:
        return self.short or self.full

    def value(self, depth: int) -> Any:
        self._nodes -= 1
        if self._nodes < 0:
            self.full = True
            return CUT
        at = self._unpacker.tell()
        first = self._content[at] if at < len(self._content) else 0xC0
        try:
            if first in range(0x80, 0x90) or first in (0xDE, 0xDF):
                return self._map(self._unpacker.read_map_header(), depth)
            if first in range(0x90, 0xA0) or first in (0xDC, 0xDD):
                return self._array(self._unpacker.read_array_header(), depth)
            return self._unpacker.unpack()
        except self._library.OutOfData:
            self.short = True
            return CUT

    def _map(self, count: int, depth: int) -> Any:
        self._check(depth)
        found: dict[Any, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if self._done:
                break
            # Keys may be of any type.
            plain = isinstance(key, (str, int, float, bytes, bool)) or key is None
            found[key if plain else brief(key)] = self.value(depth + 1)
            if self._done:
                break
        return found

    def _array(self, count: int, depth: int) -> Any:
        self._check(depth)
        found: list[Any] = []
        for _ in range(count):
            found.append(self.value(depth + 1))
            if self._done:
                break
        return found

    def _check(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise NotMessagePackError("nested too deep")
