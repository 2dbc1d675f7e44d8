"""Faults in one line: `latency:latency=200ms,jitter=50ms,direction=downstream`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wsproxy.errors import FaultError
from wsproxy.faults.spec import Spec, parse_spec

# A comma parts two settings only where `name=` follows, so that most values need no escaping.
_COMMA = re.compile(r"(?<!\\),(?=\s*[A-Za-z_]+=)")


def parse_line(line: str, taken: Iterable[str] = ()) -> Spec:
    r"""Read a fault from one line; in a value `\,` is a comma that parts nothing.

    Raises FaultError.
    """
    kind, colon, rest = line.strip().partition(":")
    raw: dict[str, str] = {"type": kind.strip()}
    for setting in _COMMA.split(rest) if colon and rest.strip() else []:
        name, sign, value = setting.partition("=")
        name = name.strip()
        if not sign or not name:
            raise FaultError(f"{line!r}: write {setting.strip() or 'a setting'!r} as name=value")
        if name in raw:
            raise FaultError(f"{line!r}: {name} is given twice", name)
        raw[name] = value.replace("\\,", ",")
    try:
        return parse_spec(raw, taken)
    except FaultError as error:
        raise FaultError(f"{line!r}: {error}", error.field) from None
