"""base64 and base64url (RFC 4648) as text."""

from __future__ import annotations

import base64
import binascii
import re

from wsproxy.payloads.bounds import MAX_PARSED
from wsproxy.payloads.decoded import NotThisError

NAME = "base64"
_ALPHABET = re.compile(rb"[A-Za-z0-9+/_-]*={0,2}\Z")
_LEAST = 16
"""Characters below which a word is taken for a word."""


def looks(content: bytes) -> bool:
    return len(content) >= _LEAST and _ALPHABET.match(content[:64].rstrip(b"=\n")) is not None


def decode(content: bytes, *, cut: bool) -> tuple[bytes, bool]:
    """What was encoded, and whether there is more. Raises NotThisError."""
    text = content.strip()
    if len(text) > MAX_PARSED or cut:
        text, cut = text[: MAX_PARSED // 4 * 4], True
        text = text[: len(text) // 4 * 4]
    if not _ALPHABET.match(text):
        raise NotThisError("no base64")
    bare = text.rstrip(b"=")
    try:
        found = base64.b64decode(bare.translate(_TO_STANDARD) + b"=" * (-len(bare) % 4))
    except binascii.Error:
        raise NotThisError("no base64") from None
    return found, cut


_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
