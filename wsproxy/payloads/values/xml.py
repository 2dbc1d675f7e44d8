"""XML, by expat, without document types: nothing is declared, so nothing can be expanded."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from wsproxy.payloads.bounds import MAX_DEPTH, MAX_HEAD, MAX_NODES, MAX_PARSED
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.lines import brief
from wsproxy.payloads.values.formats import Format, Read


class Xml(Format):
    """An element becomes `{"<name>": [attributes, children...]}`."""

    name = "xml"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        head = content[:64].lstrip()
        return head[:1] == b"<" and (head[1:2].isalpha() or head[1:5] == b"?xml")

    def read(self, content: bytes, *, cut: bool) -> Read:
        if len(content) > MAX_PARSED:
            content, cut = content[:MAX_HEAD], True
        builder = _Builder()
        try:
            builder.parse(content, final=not cut)
        except expat.ExpatError as error:
            raise NotThisError(str(error)) from None
        except _Enough:
            pass
        root = builder.root
        if root is None:
            raise NotThisError("no element")
        name = next(iter(root))
        return Read(root, f"{name} {brief(root[name])}", name.strip("<>"))


class _Enough(Exception):  # noqa: N818 - no error
    pass


class _Builder:
    def __init__(self) -> None:
        self.root: dict[str, list[Any]] | None = None
        self._open: list[list[Any]] = []
        self._nodes = 0

    def parse(self, content: bytes, *, final: bool) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda name: self._open.pop()
        parser.CharacterDataHandler = self._text
        parser.Parse(content, final)

    def _document_type(self, *unused: Any) -> None:
        raise NotThisError("it declares a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count()
        if len(self._open) >= MAX_DEPTH:
            raise _Enough
        children: list[Any] = [attributes] if attributes else []
        element = {f"<{name}>": children}
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(children)

    def _text(self, text: str) -> None:
        if self._open and text.strip():
            self._count()
            self._open[-1].append(text.strip())

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Enough
