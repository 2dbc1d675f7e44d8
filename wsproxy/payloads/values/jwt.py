"""JSON Web Tokens (RFC 7519): header and claims. Signatures are not checked."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from wsproxy.payloads.bounds import MAX_HEAD
from wsproxy.payloads.decoded import NotThisError
from wsproxy.payloads.jsontext import parse_object
from wsproxy.payloads.lines import brief
from wsproxy.payloads.values.formats import Format, Read

# RFC 7515, 7.1: three parts in base64url; the first is an object.
_TOKEN = re.compile(rb"(?:Bearer )?(eyJ[\w-]{2,65536})\.([\w-]{2,65536})\.[\w-]{0,65536}\Z")


class Jwt(Format):
    """Header and claims."""

    name = "jwt"

    @classmethod
    def looks(cls, content: bytes, *, text: bool) -> bool:
        return content[:3] == b"eyJ" or content[:10] == b"Bearer eyJ"

    def read(self, content: bytes, *, cut: bool) -> Read:
        found = _TOKEN.match(content.strip()) if len(content) <= MAX_HEAD and not cut else None
        if found is None:
            raise NotThisError("no token")
        header, claims = _part(found[1]), _part(found[2])
        return Read({"header": header, "claims": claims}, f"{header.get('alg')} {brief(claims)}")


def _part(text: bytes) -> dict[str, Any]:
    try:
        return parse_object(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    except binascii.Error:
        raise NotThisError("no base64") from None
