"""JSON-RPC 2.0, also with the header of the Language Server Protocol, and Chromium's DevTools.

https://www.jsonrpc.org/specification, the base protocol of
https://microsoft.github.io/language-server-protocol/, https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import re
from typing import Any

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_PACKETS
from wsproxy.payloads.decoded import (
    Decoded,
    Decoder,
    Facts,
    Payload,
    Remembered,
    Sure,
    answer,
    decoded,
    request,
)
from wsproxy.payloads.jsontext import NotJsonError, parse
from wsproxy.payloads.lines import brief, size
from wsproxy.payloads.trees import CUT

_LSP_HEADER = re.compile(rb"Content-Length: *\d+\r\n(?:[\w-]+:[^\r\n]*\r\n)*\r\n", re.IGNORECASE)
_BIG = 4096
"""Bytes of an answer above which its size is said rather than its content."""


class JsonRpc(Decoder):
    """Answers name the method that they answer."""

    name = "json-rpc"

    def __init__(self, facts: Facts) -> None:
        self._asked: dict[Direction, Remembered[str]] = {each: Remembered() for each in Direction}

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        if not payload.text:
            return None
        if _LSP_HEADER.match(payload.content[:1024]):
            return Sure.LIKELY
        # Section 4: "jsonrpc" MUST be exactly "2.0".
        head = payload.content[:200].replace(b" ", b"")
        return Sure.LIKELY if b'"jsonrpc":"2.0"' in head else None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        content, length = payload.content, payload.length
        header = _LSP_HEADER.match(content[:1024])
        if header:
            content, length = content[header.end() :], length - header.end()
        try:
            value = parse(content, cut=len(content) < length)
        except NotJsonError:
            return None
        # Section 6: a batch is an array.
        values = value if isinstance(value, list) else [value]
        found = []
        for each in values[:MAX_PACKETS]:
            one = self._one(each, payload, length if value is each else None)
            if one is None:
                return None
            found.append(one)
        return found or None

    def _one(self, value: Any, payload: Payload, length: int | None) -> Decoded | None:
        if not isinstance(value, dict):
            return None
        method, number = value.get("method"), value.get("id")
        direction = payload.direction
        if isinstance(method, str):
            rest = _parameters(value.get("params"), length)
            session = self.session(value)
            if number is None or number is CUT:
                return self._notification(method, session, rest, value)
            key = self._key(value, number)
            self._asked[direction].keep(key, method)
            words = " ".join(filter(None, [_id(number), method, session, rest]))
            return self._decoded(method, words, value, request(key, direction))
        if number is None and "error" not in value:
            return None
        key = self._key(value, number, payload)
        asked = self._asked[direction.other].pop(key, "")
        pair = answer(key, direction.other)
        of = f" of {asked}" if asked else ""
        error = value.get("error")
        if error is not None:
            return self._decoded("error", f"{_id(number)} error {_error(error)}{of}", value, pair)
        if "result" not in value and "…" not in value:
            return None
        big = length is not None and length > _BIG
        said = size(length or 0) if big else brief(value.get("result"))
        return self._decoded("result", f"{_id(number)} result{of} {said}", value, pair)

    def _notification(self, method: str, session: str, rest: str, value: Any) -> Decoded:
        words = " ".join(filter(None, [self.notified, method, session, rest]))
        return self._decoded(method, words, value, None)

    def _decoded(self, kind: str, summary: str, value: Any, pair: Any) -> Decoded:
        found = decoded(self.name, kind, "", value, pair)
        return found._replace(summary=decoded(self.name, summary, "", None).summary)

    notified = "notify"
    """How the line of a notification begins."""

    def session(self, value: dict[str, Any]) -> str:
        return ""

    def _key(self, value: dict[str, Any], number: Any, payload: Payload | None = None) -> str:
        # Section 4: an id of 1 is another than one of "1".
        return f'"{number}"'[:100] if isinstance(number, str) else str(number)[:100]


class DevTools(JsonRpc):
    """Ids are counted for each session of a connection (its flat mode)."""

    name = "cdp"
    notified = "event"

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return facts.target.startswith("/devtools/")

    @classmethod
    def of_payload(cls, facts: Facts, payload: Payload) -> Sure | None:
        return None

    def session(self, value: dict[str, Any]) -> str:
        session = value.get("sessionId")
        return f"[sess {session[:4]}]" if isinstance(session, str) else ""

    def _key(self, value: dict[str, Any], number: Any, payload: Payload | None = None) -> str:
        session = value.get("sessionId")
        if session is None and payload is not None:
            # An answer's session comes after its result, which may be too long to be read.
            found = _SESSION_AT_END.search(payload.content[-200:])
            session = found[1].decode() if found else None
        key = str(number)[:100]
        if session is None and payload is not None and payload.missing:
            # Not even the end is recorded: whoever asked with this id, if only one did.
            asked = self._asked[payload.direction.other]
            mine = [each for each in asked if each.split(" ", 1)[0] == key]
            return mine[0] if len(mine) == 1 else key
        return f"{key} {session[:64]}" if isinstance(session, str) else key


_SESSION_AT_END = re.compile(rb'"sessionId": ?"(\w{1,64})"\s*}\s*\Z')


def _id(number: Any) -> str:
    return str(number)[:40] if isinstance(number, (str, int)) else brief(number, 40)


def _parameters(parameters: Any, length: int | None) -> str:
    if parameters in (None, {}, []):
        return ""
    if parameters is CUT:
        return size(length or 0)
    return brief(parameters)


def _error(error: Any) -> str:
    if isinstance(error, dict):
        return " ".join(str(error[name])[:200] for name in ("code", "message") if name in error)
    return brief(error)
