"""`--color`, which every command has, and the one place that decides about colours."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

CHOICES = ("auto", "always", "never")


def coloured(stream: IO[Any] | None = None) -> bool:
    """Whether what goes to a stream (standard output without one) may have colours.

    `--color` goes before the environment, that before what the stream is.
    """
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return (stream or sys.stdout).isatty()


def colour_of(choice: str | None, environment: Mapping[str, str]) -> bool | None:
    """What a choice or else the environment wants; None: it depends on the stream.

    NO_COLOR: https://no-color.org, FORCE_COLOR: https://force-color.org; both count unless empty.
    """
    if choice in ("always", "never"):
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if environment.get("TERM") == "dumb" else None


def colour_of_arguments(arguments: Sequence[str]) -> bool | None:
    """The same for a command line that is not read yet: `--help` does not wait for what follows."""
    given = [
        next(iter(arguments[at + 1 :]), None) if word == "--color" else word.partition("=")[2]
        for at, word in enumerate(arguments)
        if word == "--color" or word.startswith("--color=")
    ]
    choice = given[-1] if given else os.environ.get("WSPROXY_COLOR")
    return colour_of(choice, os.environ)


def with_colour(command: click.Command) -> click.Command:
    """`command` with the option, and all commands below it too."""
    command = copy.copy(command)
    command.context_class = _Context
    command.params = [*command.params, _OPTION]
    if isinstance(command, click.Group):
        command.commands = {name: with_colour(each) for name, each in command.commands.items()}
    return command


class _Formatter(click.HelpFormatter):
    """Help whose headings stand out; click strips what a stream shall not have."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, f"{click.style(prefix or 'Usage:', bold=True)} ")

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{click.style(f'{heading}:', bold=True)}\n")


class _Context(click.Context):
    formatter_class = _Formatter


def _note(context: click.Context, _option: click.Parameter, choice: str | None) -> None:
    if choice is not None:
        context.color = colour_of(choice, os.environ)


_OPTION = click.Option(
    ["--color"],
    type=click.Choice(CHOICES),
    expose_value=False,
    is_eager=True,
    callback=_note,
    help="Colours: on a terminal (auto), always or never. NO_COLOR, FORCE_COLOR and TERM=dumb"
    " count where this is not said.",
)
