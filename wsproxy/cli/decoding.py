"""Options of all commands that show what messages say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from wsproxy.cli.types import Parsed
from wsproxy.payloads.rules import DecodeRule, parse_rules


def decode_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--decode`, given as `decode`, a tuple of lists of rules."""
    return click.option(
        "--decode",
        multiple=True,
        type=Parsed("rule", lambda text: parse_rules([text])),
        metavar="RULE",
        help="Which decoder reads which connections: PATH_REGEX=NAME, for instance"
        " '/feed=msgpack'; NAME - for none; @FILE for a file of rules; - for no decoding at all."
        " May be repeated.",
    )(command)


def flat(rules: tuple[list[DecodeRule], ...]) -> list[DecodeRule]:
    """All rules, in the order they were given."""
    return [rule for some in rules for rule in some]
