"""Forms (https://url.spec.whatwg.org/#application/x-www-form-urlencoded)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from wsproxy.payloads.bounds import MAX_HEAD
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.lines import brief
from wsproxy.payloads.values.formats import Format, Read

_NAME = re.compile(r"[\w.%+\[\]-]{1,100}\Z", re.ASCII)
_VALUE = re.compile(r"[!-~]*\Z")
_MAX_FIELDS = 1000


class Form(Format):
    """Fields as an object; repeated ones as an array."""

    name = "form"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        return text and b"=" in content[:100]

    def read(self, content: bytes, *, cut: bool) -> Read:
        try:
            text = content[:MAX_HEAD].decode("ascii")
        except UnicodeDecodeError:
            raise NotThisError("not only ASCII") from None
        fields = text.split("&", _MAX_FIELDS)
        for field in fields:
            name, equals, value = field.partition("=")
            if not equals or not _NAME.match(name) or not _VALUE.match(value):
                raise NotThisError("no form")
        if len(fields) == 1 and fields[0].strip("=").count("=") == 0:
            raise NotThisError("a word with padding")  # more likely base64
        found: dict[str, str | list[str]] = {}
        for name, value in parse_qsl("&".join(fields[:_MAX_FIELDS]), keep_blank_values=True):
            before = found.get(name)
            if isinstance(before, list):
                before.append(value)
            else:
                found[name] = value if before is None else [before, value]
        return Read(found, brief(found))
