"""Protobuf: by a schema with Google's library, or without one by bbpb (Black Box Protobuf).

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wsproxy.errors import WsproxyError
from wsproxy.payloads.bounds import MAX_PARSED, MAX_SCHEMALESS
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.libraries import need
from wsproxy.payloads.lines import brief
from wsproxy.payloads.trees import CUT
from wsproxy.payloads.values.formats import Format, Read
from wsproxy.text.files import read_bytes

_MAX_GUESSED = 4096
_MAX_FIELD = 200
"""The highest field number in a guess: real schemas count from 1."""


class Protobuf(Format):
    """Without a schema: fields have their numbers for names, and types are guessed."""

    name = "protobuf"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        # A tag has the wire type in its lowest three bits (0, 1, 2 and 5 are in use), the number
        # above them.
        return (
            not text
            and 2 <= len(content) <= _MAX_GUESSED
            and content[0] & 7 in (0, 1, 2, 5)
            and 1 <= content[0] >> 3 <= 15
        )

    def read(self, content: bytes, *, cut: bool) -> Read:
        if cut or len(content) > MAX_SCHEMALESS:
            return Read(CUT, "…")
        library = need("blackboxprotobuf", "Protobuf without a schema")
        try:
            value, _ = library.decode_message(content)
        except Exception as error:  # noqa: BLE001 - whatever the library makes of untrusted bytes
            raise NotThisError(str(error)) from None
        return Read(value, brief(value))


def plausible(value: Any) -> bool:
    """Whether a message read without a schema may be one, and not just any bytes."""
    if not isinstance(value, dict) or not value:
        return False
    return all(name.isdigit() and int(name) <= _MAX_FIELD for name in map(str, value))


class Schema:
    """A descriptor set (`protoc --descriptor_set_out=FILE --include_imports`) and the message
    type of each direction.
    """

    def __init__(self, path: Path, types: tuple[str, str]) -> None:
        """Raises WsproxyError: a file that is none, a type that is not in it."""
        self._json = need("google.protobuf.json_format", "Protobuf")
        descriptors = need("google.protobuf.descriptor_pb2", "Protobuf")
        pool = need("google.protobuf.descriptor_pool", "Protobuf").DescriptorPool()
        factory = need("google.protobuf.message_factory", "Protobuf")
        self._error = need("google.protobuf.message", "Protobuf").DecodeError
        try:
            found = descriptors.FileDescriptorSet.FromString(read_bytes(path))
            for file in found.file:
                pool.Add(file)
        except OSError as error:
            raise WsproxyError(f"cannot read {path}: {error.strerror}") from None
        except (self._error, TypeError, ValueError, KeyError):
            raise WsproxyError(
                f"{path} is not a descriptor set; write one with"
                " protoc --include_imports --descriptor_set_out=FILE"
            ) from None
        try:
            self._classes = [
                factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in types
            ]
        except (KeyError, TypeError):
            known = sorted(
                f"{file.package}.{one.name}".lstrip(".")
                for file in found.file
                for one in file.message_type
            )
            raise WsproxyError(
                f"{path} has no message type {' or '.join(dict.fromkeys(types))};"
                f" there are {', '.join(known[:20])}"
            ) from None

    def format(self, direction: int) -> Format:
        return _BySchema(self._classes[direction], self._json, self._error)


class _BySchema(Format):
    name = "protobuf"

    def __init__(self, message: Any, json: Any, error: type[Exception]) -> None:
        self._message = message
        self._json = json
        self._error = error

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        return not text

    def read(self, content: bytes, *, cut: bool) -> Read:
        if cut or len(content) > MAX_PARSED:
            return Read(CUT, "…", self._message.DESCRIPTOR.name)
        try:
            message = self._message.FromString(content)
            value = self._json.MessageToDict(message, preserving_proto_field_name=True)
        except (self._error, self._json.Error, ValueError, TypeError, RecursionError) as error:
            raise NotThisError(str(error)) from None
        return Read(
            value, f"{self._message.DESCRIPTOR.name} {brief(value)}", self._message.DESCRIPTOR.name
        )
