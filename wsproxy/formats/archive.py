"""zip: everything in one file to attach to a ticket; its only member of weight is capture.jsonl."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from importlib.resources import files
from typing import BinaryIO

from wsproxy.formats import jsonl
from wsproxy.formats.interfaces import CaptureReader, FormatError, Imported
from wsproxy.formats.selection import EVERYTHING, Selection

MEMBER = "capture.jsonl"

_README = """\
A capture of wsproxy. `wsproxy show`, `replay`, `diff` and `export` take this zip file as it
is; `wsproxy import FILE.zip -o CAPTURE` makes a capture of it. capture.jsonl has a JSON object a
line, schema.json describes them.
"""


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write what is selected; `out` need not be seekable."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("README.txt", _README)
        archive.writestr("schema.json", schema())
        # How long it gets is not known before: with ZIP64 it may be longer than 4 GiB.
        with archive.open(MEMBER, "w", force_zip64=True) as member:
            jsonl.write(reader, member, selection)  # type: ignore[arg-type]


def read(file: BinaryIO) -> Iterator[Imported]:
    """What the capture in a zip file tells; raises FormatError."""
    try:
        with zipfile.ZipFile(file) as archive:
            if MEMBER not in archive.namelist():
                raise FormatError(f"the zip file has no {MEMBER}")
            with archive.open(MEMBER) as member:
                yield from jsonl.read(member)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise FormatError(f"the zip file is damaged: {error}") from None


def schema() -> str:
    """The JSON Schema of a line."""
    return (files("wsproxy.formats") / "schema.json").read_text()
