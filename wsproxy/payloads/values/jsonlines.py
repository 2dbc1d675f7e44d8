"""Several JSON texts, one a line (https://jsonlines.org)."""

from __future__ import annotations

from wsproxy.payloads.bounds import MAX_HEAD, MAX_NODES, MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.jsontext import parse
from wsproxy.payloads.lines import brief, many
from wsproxy.payloads.values.formats import Format, Read


class JsonLines(Format):
    """Two texts at least."""

    name = "json-lines"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        return content[:1] in (b"{", b"[") and b"\n" in content[:MAX_PARSED].rstrip()

    def read(self, content: bytes, *, cut: bool) -> Read:
        if len(content) > MAX_PARSED:
            content, cut = content[:MAX_HEAD], True
        lines = content.split(b"\n")
        if cut:
            lines.pop()  # it may not be whole
        lines = [line for line in lines if line.strip()]
        if len(lines) < 2:
            raise NotThisError("not several lines")
        values = [parse(line) for line in lines[:MAX_NODES]]
        more = "at least " if cut else ""
        return Read(values, f"{more}{many(len(lines), 'value')} {brief(values[0])} …")
