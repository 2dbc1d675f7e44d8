"""`--decode 'PATH_REGEX=NAME'`: which decoder the user wants for which connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from wsproxy.errors import WsproxyError
from wsproxy.filters.regex import Regex, RegexError
from wsproxy.payloads.decoded import Payload
from wsproxy.payloads.libraries import MissingLibraryError
from wsproxy.payloads.registry import FACTORIES, Factory
from wsproxy.payloads.values.decoder import fixed
from wsproxy.payloads.values.protobuf import Schema
from wsproxy.text.files import read_text
from wsproxy.text.words import did_you_mean

OFF = "-"
"""The name that stands for no decoder."""


class DecodeRule(NamedTuple):
    """One rule."""

    pattern: Regex
    """Searched for in path and query."""
    name: str
    factory: Factory | None
    """None: nothing is decoded."""


class DecodeRuleError(WsproxyError, ValueError):
    """A rule that cannot be; says what would be right."""


def parse_rules(texts: list[str]) -> list[DecodeRule]:
    """Rules from command line or configuration, the first that matches counts.

    `@FILE` stands for a file with a rule a line, where `#` begins a comment; `-` alone for none
    at all. Raises DecodeRuleError.
    """
    rules = []
    for text in texts:
        if text.startswith("@"):
            rules += [parse_rule(line) for line in _lines(Path(text[1:]))]
        else:
            rules.append(parse_rule(text))
    return rules


def parse_rule(text: str) -> DecodeRule:
    """`PATH_REGEX=NAME`, where a name may be `protobuf:FILE:TYPE[,TYPE]` and `-` switches off.

    Raises DecodeRuleError.
    """
    pattern, equals, name = text.rpartition("=")
    if not equals and name != OFF:
        raise DecodeRuleError(f"{text!r} is not a rule; write for instance '/socket=msgpack'")
    try:
        compiled = Regex(pattern, ignore_case=False)
    except RegexError as error:
        raise DecodeRuleError(str(error)) from None
    return DecodeRule(compiled, name, _factory(name))


def _factory(name: str) -> Factory | None:
    if name == OFF:
        return None
    if name.startswith("protobuf:"):
        return _protobuf(name)
    if name not in FACTORIES:
        raise DecodeRuleError(f"there is no decoder {name}{did_you_mean(name, FACTORIES)}")
    return FACTORIES[name]


def _protobuf(name: str) -> Factory:
    path, colon, types = name.removeprefix("protobuf:").rpartition(":")
    if not colon or not path or not types:
        raise DecodeRuleError(
            f"{name!r}: write protobuf:FILE:TYPE, or protobuf:FILE:UPSTREAM_TYPE,DOWNSTREAM_TYPE"
        )
    upstream, comma, downstream = types.partition(",")
    try:
        schema = Schema(Path(path), (upstream, downstream if comma else upstream))
    except MissingLibraryError as error:
        raise DecodeRuleError(str(error)) from None
    formats = [schema.format(direction) for direction in range(2)]

    def read(payload: Payload) -> Any:
        return formats[payload.direction].read(payload.content, cut=bool(payload.missing))

    return fixed("protobuf", read)


def _lines(path: Path) -> list[str]:
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise DecodeRuleError(f"cannot read {path}: {why}") from None
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def rule_for(rules: list[DecodeRule], target: str) -> DecodeRule | None:
    """The first rule whose pattern is found in `target`."""
    return next((rule for rule in rules if rule.pattern.found_in(target)), None)
