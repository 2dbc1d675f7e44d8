"""Which format a content has, by its shape."""

from __future__ import annotations

from typing import Any, NamedTuple

from wsproxy.payloads.bounds import MAX_HEAD
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import MissingLibraryError
from wsproxy.payloads.lines import readable, size
from wsproxy.payloads.values import base64text
from wsproxy.payloads.values.ansi import Ansi
from wsproxy.payloads.values.bson import Bson
from wsproxy.payloads.values.cbor import Cbor
from wsproxy.payloads.values.compressed import compression_of, inflate
from wsproxy.payloads.values.form import Form
from wsproxy.payloads.values.formats import Format, Read
from wsproxy.payloads.values.json import Json
from wsproxy.payloads.values.jsonlines import JsonLines
from wsproxy.payloads.values.jwt import Jwt
from wsproxy.payloads.values.msgpack import MessagePack
from wsproxy.payloads.values.protobuf import Protobuf, plausible
from wsproxy.payloads.values.xml import Xml

_TEXT: tuple[Format, ...] = (Json(), JsonLines(), Jwt(), Xml(), Ansi(), Form())
_BINARY: tuple[Format, ...] = (Bson(), Json(), Xml(), Ansi(), MessagePack(), Cbor())
_PROTOBUF = Protobuf()
_MAX_LAYERS = 3
"""Compressions or encodings around each other that are taken off."""


class Guess(NamedTuple):
    """A format by name, and what was read."""

    name: str
    read: Read


def guess(content: bytes, *, text: bool, cut: bool = False, layers: int = 0) -> Guess | None:
    """What the content looks like; None for plain text and for bytes that look like nothing."""
    if not content:
        return None
    for format_ in _TEXT if text else _BINARY:
        if format_.looks(content, text=text):
            try:
                return Guess(format_.name, format_.read(content, cut=cut))
            except (NotThisError, MissingLibraryError):
                continue
    if layers < _MAX_LAYERS:
        found = _layer(content, text=text, cut=cut, layers=layers)
        if found is not None:
            return found
    return None if text else _protobuf(content, cut=cut)


def read_compressed(name: str, content: bytes, layers: int = 0) -> Read:
    """A content that is compressed as `name` says. Raises NotThisError, MissingLibraryError."""
    inner, more = inflate(name, content)
    if not inner and content:
        raise NotThisError("nothing comes out of it")
    return _inner(inner, more=more, layers=layers)


def read_base64(content: bytes, *, cut: bool, layers: int = 0) -> Read:
    """A content in base64. Raises NotThisError."""
    inner, more = base64text.decode(content, cut=cut)
    return _inner(inner, more=more, layers=layers)


def _inner(inner: bytes, *, more: bool, layers: int) -> Read:
    text = _is_text(inner)
    found = guess(inner, text=text, cut=more, layers=layers + 1)
    at_least = "more than " if more else ""
    if found is None:
        shown: Any = inner.decode(errors="replace") if text else inner
        return Read(shown, f"{at_least}{size(len(inner))} {readable(inner, whole=not more)}")
    read = found.read
    return Read({found.name: read.value}, f"{at_least}{size(len(inner))} {read.summary}", read.kind)


def _layer(content: bytes, *, text: bool, cut: bool, layers: int) -> Guess | None:
    name = None if text else compression_of(content)
    try:
        if name is not None:
            return Guess(name, read_compressed(name, content, layers))
        if text and base64text.looks(content):
            inner, more = base64text.decode(content, cut=cut)
            # Many a word is base64 of something, so it must be base64 of something known.
            if _is_text(inner) or guess(inner, text=False, cut=more, layers=layers + 1):
                return Guess(base64text.NAME, _inner(inner, more=more, layers=layers))
    except (NotThisError, MissingLibraryError):
        pass
    return None


def _is_text(content: bytes) -> bool:
    head = content[:MAX_HEAD]
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or len(head) == len(content):
            return False
        text = head[: error.start].decode()
    return all(char.isprintable() or char in "\r\n\t\x1b\x1e" for char in text[:1000])


def _protobuf(content: bytes, *, cut: bool) -> Guess | None:
    if cut or not _PROTOBUF.looks(content, text=False):
        return None
    try:
        read = _PROTOBUF.read(content, cut=cut)
    except (NotThisError, MissingLibraryError):
        return None
    return Guess(_PROTOBUF.name, read) if plausible(read.value) else None
