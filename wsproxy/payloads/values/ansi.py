"""Text for terminals (ECMA-48): what shows of it, without what steers."""

from __future__ import annotations

import re

from wsproxy.payloads.bounds import MAX_HEAD
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.lines import readable
from wsproxy.payloads.values.formats import Format, Read

# 5.4: control sequences; 5.6: command strings, such as those that set a title; then the escapes
# of two or three bytes.
_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]"
)


class Ansi(Format):
    """Text with escape sequences."""

    name = "ansi"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        return b"\x1b" in content[:4096]

    def read(self, content: bytes, *, cut: bool) -> Read:
        head = content[:MAX_HEAD]
        if not _SEQUENCE.search(head):
            raise NotThisError("no escape sequence")
        shown = plain(head)
        try:
            text = shown.decode()
        except UnicodeDecodeError as error:
            if error.start < len(shown) - 3:
                raise NotThisError("no text") from None
            text = shown[: error.start].decode()
        return Read({"text": text}, readable(shown.strip()))


def plain(content: bytes) -> bytes:
    """`content` without escape sequences."""
    return _SEQUENCE.sub(b"", content)
