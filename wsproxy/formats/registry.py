"""Every form that a capture can have outside, by name, and by what a file's first bytes say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import BinaryIO

from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported, StreamWriter
from wsproxy.formats.selection import Selection

Write = Callable[[CaptureReader, BinaryIO, Selection], None]
Read = Callable[[BinaryIO], Iterator[Imported]]


@dataclass(frozen=True, slots=True)
class Form:
    """A form. Its module has `write`, `read` or both, and is imported when it is used."""

    name: str
    module: str
    title: str
    suffix: str
    content_type: str
    lacks: str = ""
    """What it does not hold, in words; empty where it holds everything."""
    reads: bool = True
    writes: bool = True
    follows: bool = False
    """Whether it can be written while the proxy records: its module has `writer` then."""

    def write(self) -> Write:
        """What writes it; raises WsproxyError where a library is missing."""
        found: Write = import_module(f"wsproxy.formats.{self.module}").write
        return found

    def writer(self) -> Callable[[BinaryIO, Selection], StreamWriter]:
        """What makes a writer of what comes."""
        found: Callable[[BinaryIO, Selection], StreamWriter]
        found = import_module(f"wsproxy.formats.{self.module}").writer
        return found

    def read(self) -> Read:
        """What reads it; raises WsproxyError where a library is missing."""
        found: Read = import_module(f"wsproxy.formats.{self.module}").read
        return found


FORMS = {
    form.name: form
    for form in (
        Form("jsonl", "jsonl", "JSON lines, lossless", "jsonl", "application/jsonl", follows=True),
        Form(
            "pcapng",
            "pcapng",
            "packets for Wireshark",
            "pcapng",
            "application/x-pcapng",
            "requests of plain HTTP",
            reads=False,
            follows=True,
        ),
        Form(
            "har",
            "har",
            "for browsers' tools",
            "har",
            "application/json",
            "frames, fragmentation and masking keys: on the way back every message is one frame",
        ),
        Form(
            "flows",
            "flows",
            "for mitmproxy",
            "flows",
            "application/octet-stream",
            "control frames, fragmentation, masking keys, faults and what a changed message was"
            " before",
        ),
        Form(
            "pcap",
            "pcap",
            "packets of tcpdump and Wireshark",
            "pcap",
            "application/vnd.tcpdump.pcap",
            "requests of plain HTTP",
            writes=False,
        ),
        Form(
            "python",
            "python",
            "a script that does what the clients did",
            "py",
            "text/x-python",
            "what the server said, frames, pongs and faults: it is a script",
            reads=False,
        ),
        Form(
            "websocat",
            "websocat",
            "a shell script that does what the clients did",
            "sh",
            "application/x-sh",
            "what the server said, control frames and faults: it is a script",
            reads=False,
        ),
        Form("zip", "archive", "everything in one file", "zip", "application/zip"),
    )
}

EXPORT_FORMS = {name: form for name, form in FORMS.items() if form.writes}
"""Those that can be written."""

EXPORTS = tuple(EXPORT_FORMS)
"""Names of the forms that can be written."""

IMPORTS = tuple(name for name, form in FORMS.items() if form.reads)
"""Names of the forms that can be read."""


def form_of(file: BinaryIO) -> Form:
    """The form of a file, by its content; `file` is left at its beginning.

    Raises FormatError for what is none of them.
    """
    head = file.read(HEAD)
    file.seek(0)
    name = _name_of(head)
    if name not in IMPORTS:
        known = ", ".join(IMPORTS)
        raise FormatError(f"it is neither a capture nor one of {known}")
    return FORMS[name]


HEAD = 64 * 1024
"""Bytes that tell what a file is."""

_PCAP = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


def _name_of(head: bytes) -> str | None:
    if not head:
        raise FormatError("it is empty")
    if head.startswith(b"PK"):
        return "zip"
    if head.startswith((b"\n\r\r\n", *_PCAP)):
        return "pcap"
    if re.match(rb"\d{1,12}:", head):
        return "flows"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "jsonl" if _is_jsonl(text) else "har"
    return None


def _is_jsonl(text: bytes) -> bool:
    if re.match(rb'\{\s*"event"\s*:', text):
        return True
    try:
        return "event" in json.loads(text.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return False
