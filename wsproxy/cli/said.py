"""What a line typed at `wsproxy connect` means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wsproxy.protocol.close import may_be_sent
from wsproxy.text.words import did_you_mean

HELP = (
    "/ping [TEXT]       a Ping frame",
    "/pong [TEXT]       a Pong frame",
    "/binary HEX        a binary message, e.g. /binary 00 ff 10",
    "/fragment N TEXT   a text message in N frames, of which the last is empty",
    "/close [CODE [REASON]]",
    "//TEXT             the text message /TEXT",
)
"""A line for each command."""

MAX_FRAGMENTS = 1000
MAX_CONTROL = 125
"""Bytes that a control frame may carry (RFC 6455, section 5.5)."""

_COMMANDS = ("ping", "pong", "binary", "fragment", "close", "help")


class SaidError(ValueError):
    """A line that cannot be sent; its text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be sent."""

    what: Literal["message", "ping", "pong", "close"]
    parts: tuple[str | bytes, ...] = ()
    """Of a message; with `fragmented` each goes into a frame, and an empty one ends it."""
    fragmented: bool = False
    content: bytes = b""
    """Of a Ping or Pong."""
    code: int = 1000
    reason: str = ""


def parse_said(line: str) -> Said:
    """What `line` is to send; raises SaidError."""
    if not line.startswith("/"):
        return Said("message", (line,))
    if line.startswith("//"):
        return Said("message", (line[1:],))
    word, _, rest = line[1:].partition(" ")
    if word in ("ping", "pong"):
        content = rest.encode()
        if len(content) > MAX_CONTROL:
            raise SaidError(f"/{word}: {len(content)} bytes, and at most {MAX_CONTROL} fit")
        return Said("ping" if word == "ping" else "pong", content=content)
    if word == "binary":
        try:
            return Said("message", (bytes.fromhex(rest),))
        except ValueError:
            raise SaidError(f"/binary: {rest!r} is not hex; write e.g. /binary 00 ff 10") from None
    if word == "fragment":
        return _fragmented(rest)
    if word == "close":
        return _close(rest)
    if word == "help":
        raise SaidError("a line is a text message, or: " + "; ".join(HELP))
    guess = did_you_mean(word, _COMMANDS)
    raise SaidError(f"/{word} is not a command{guess}; //{word} sends the text /{word}")


def _fragmented(rest: str) -> Said:
    number, _, text = rest.partition(" ")
    if not number.isascii() or not number.isdigit() or not 2 <= int(number) <= MAX_FRAGMENTS:
        raise SaidError(f"/fragment: write a number from 2 to {MAX_FRAGMENTS}, then the text")
    # websockets ends a fragmented message with an empty frame of its own.
    count = int(number) - 1
    size = -(-len(text) // count) or 1
    parts = tuple(text[at * size : (at + 1) * size] for at in range(count))
    return Said("message", parts, fragmented=True)


def _close(rest: str) -> Said:
    word, _, reason = rest.partition(" ")
    if not word:
        return Said("close")
    if not word.isascii() or not word.isdigit() or not may_be_sent(int(word)):
        raise SaidError(f"/close: {word!r} is not a close code that may be sent; 1000 is the usual")
    if len(reason.encode()) > MAX_CONTROL - 2:
        raise SaidError(f"/close: the reason has more than {MAX_CONTROL - 2} bytes")
    return Said("close", code=int(word), reason=reason)
