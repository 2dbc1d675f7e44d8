"""Terminals: Kubernetes' exec channels, terminado (Jupyter) and ttyd.

https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go,
https://github.com/jupyter/terminado/blob/main/terminado/websocket.py,
https://github.com/tsl0922/ttyd/blob/main/src/server.h
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar

from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_HEAD
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, decoded
from wsproxy.payloads.jsontext import NotJsonError, parse_list
from wsproxy.payloads.lines import brief, readable
from wsproxy.payloads.values.ansi import plain


def _stream(protocol: str, kind: str, content: bytes, length: int) -> Decoded:
    """`stdout 42 bytes $ ls`: what shows of it, without the escape sequences."""
    shown = plain(content[:2000]).strip()
    value = {"stream": kind, "content": content, "length": length}
    return decoded(protocol, kind, f"{length} bytes {readable(shown)}".rstrip(), value)


class Kubernetes(Decoder):
    """The first byte tells the stream."""

    name = "k8s-exec"
    subprotocols = (
        *("channel.k8s.io", "v2.channel.k8s.io", "v3.channel.k8s.io", "v4.channel.k8s.io"),
        *("v5.channel.k8s.io", "base64.channel.k8s.io", "v4.base64.channel.k8s.io"),
    )
    _STREAMS: ClassVar[dict[int, str]] = {
        0: "stdin",
        1: "stdout",
        2: "stderr",
        3: "error",
        4: "resize",
        255: "close",  # version 5: the next byte is the stream that ends
    }

    def __init__(self, facts: Facts) -> None:
        self._base64 = "base64" in (facts.subprotocol or "")

    def feed(self, payload: Payload) -> list[Decoded] | None:
        content, length = payload.content, payload.length - 1
        if not content:
            return None
        stream = content[0]
        if self._base64:
            stream -= ord("0")
        kind = self._STREAMS.get(stream)
        if kind is None:
            return None
        content = content[1:]
        if self._base64:
            try:
                content = base64.b64decode(content[: MAX_HEAD // 4 * 4])
            except (binascii.Error, ValueError):
                return None
            length = length * 3 // 4 if payload.missing else len(content)
        if kind in {"error", "resize"}:
            return [
                decoded(self.name, kind, readable(content), {"stream": kind, "content": content})
            ]
        if kind == "close":
            ended = self._STREAMS.get(content[0], "") if content else ""
            return [decoded(self.name, kind, ended, {"stream": ended})]
        return [_stream(self.name, kind, content, length)]


class Terminado(Decoder):
    """JSON arrays whose first element tells what they are."""

    name = "terminado"

    @classmethod
    def of_facts(cls, facts: Facts) -> bool:
        return re.search(r"/terminals/websocket/", facts.target[:1000]) is not None

    def feed(self, payload: Payload) -> list[Decoded] | None:
        try:
            message = parse_list(payload.content, cut=bool(payload.missing))
        except NotJsonError:
            return None
        if not message or not isinstance(message[0], str) or not message[0]:
            return None
        kind, rest = message[0], message[1:]
        if kind in {"stdin", "stdout"} and rest and isinstance(rest[0], str):
            content = rest[0].encode(errors="replace")
            return [_stream(self.name, kind, content, len(content))]
        about = " ".join(brief(one) for one in rest[:4])
        return [decoded(self.name, kind, about, message)]


class Ttyd(Decoder):
    """The first character tells what a message is; the client's first message is JSON."""

    name = "ttyd"
    subprotocols = ("tty",)
    _KINDS: ClassVar[dict[Direction, dict[bytes, str]]] = {
        Direction.UPSTREAM: {b"0": "input", b"1": "resize", b"2": "pause", b"3": "resume"},
        Direction.DOWNSTREAM: {b"0": "output", b"1": "title", b"2": "preferences"},
    }

    def feed(self, payload: Payload) -> list[Decoded] | None:
        content = payload.content
        value: Any = {"content": content[1:]}
        if content[:1] == b"{":
            return [decoded(self.name, "hello", readable(content), {"content": content})]
        kind = self._KINDS[payload.direction].get(content[:1])
        if kind is None:
            return None
        if kind in {"input", "output"}:
            return [_stream(self.name, kind, content[1:], payload.length - 1)]
        return [decoded(self.name, kind, readable(content[1:]), value)]
