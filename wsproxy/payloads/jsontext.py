"""Untrusted JSON: whole if it is small, else as far as its beginning tells."""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from wsproxy.payloads.bounds import MAX_HEAD, MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.trees import CUT

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_CUT_DEPTH = 3


class NotJsonError(NotThisError):
    """The content is not JSON."""


def parse(content: bytes | str, *, cut: bool = False) -> Any:
    """The value. `cut` says that `content` is only the beginning.

    Of what is cut, or longer than MAX_PARSED, the members are given that are whole in the first
    MAX_HEAD, and CUT stands for the rest. Raises NotJsonError.
    """
    try:
        if len(content) > MAX_PARSED or cut:
            return _beginning(_text(content[:MAX_HEAD], cut=True))
        return json.loads(_text(content, cut=False))
    except RecursionError:
        raise NotJsonError("nested too deep") from None
    except ValueError as error:
        raise NotJsonError(str(error)) from None


def parse_object(content: bytes | str, *, cut: bool = False) -> dict[str, Any]:
    """An object, or NotJsonError."""
    value = parse(content, cut=cut)
    if not isinstance(value, dict):
        raise NotJsonError("no object")
    return value


def parse_list(content: bytes | str, *, cut: bool = False) -> list[Any]:
    """An array, or NotJsonError."""
    value = parse(content, cut=cut)
    if not isinstance(value, list):
        raise NotJsonError("no array")
    return value


def _text(content: bytes | str, *, cut: bool) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if cut and error.start >= len(content) - 3:
            return content[: error.start].decode()  # cut inside a character
        raise


def _beginning(text: str) -> Any:
    at = _skip(text, 0)
    if text[at : at + 1] not in ("{", "["):
        raise NotJsonError("only objects and arrays are read in part")
    return _container(text, at, 1)[0]


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _container(text: str, at: int, depth: int) -> tuple[Any, int]:
    """The container at `at` and the offset behind it; -1 if it does not end in `text`."""
    is_object = text[at] == "{"
    found: Any = {} if is_object else []
    at = _skip(text, at + 1)
    key = ""
    while at < len(text):
        if text[at] in "}]":
            return found, at + 1
        if is_object:
            try:
                key, at = _key(text, at)
            except IndexError:
                break
        value, at = _value(text, at, depth)
        if is_object:
            found[key] = value
        else:
            found.append(value)
        if at < 0:
            return found, at
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif at < len(text) and text[at] not in "}]":
            raise NotJsonError("no comma")
    if is_object:
        found["…"] = CUT
    else:
        found.append(CUT)
    return found, -1


def _key(text: str, at: int) -> tuple[str, int]:
    """A member's name and the offset of its value; IndexError if the text ends before it."""
    if text[at] != '"':
        raise NotJsonError("no name")
    try:
        key, at = scanstring(text, at + 1, True)
    except ValueError:
        if '"' in text[at + 1 :]:
            raise
        raise IndexError from None
    at = _skip(text, at)
    if text[at] != ":":
        raise NotJsonError("no colon")
    at = _skip(text, at + 1)
    text[at]
    return key, at


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        if text[at] in "{[" and depth < _CUT_DEPTH:
            return _container(text, at, depth + 1)
        return CUT, -1
    # A number at the very end may go on.
    return (value, end) if end < len(text) or text[at] in '"{[' else (CUT, -1)
