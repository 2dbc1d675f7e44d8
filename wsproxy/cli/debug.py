"""`--debug`, which every command has: tracebacks, and asyncio's debug mode."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import click

HINT = "(--debug shows the traceback)"


@dataclass(slots=True)
class Debug:
    """Whether `--debug` was given; click passes it down as the context's object."""

    on: bool = False


def debugging() -> bool:
    """Whether `--debug` was given to the command that runs; False outside of one."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Debug) if context is not None else None
    return found is not None and found.on


def with_debug(command: click.Command) -> click.Command:
    """`command` with the option, and all commands below it too."""
    command = copy.copy(command)
    command.params = [*command.params, _OPTION]
    if isinstance(command, click.Group):
        command.commands = {name: with_debug(each) for name, each in command.commands.items()}
    return command


def _note(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Debug).on = True


_OPTION = click.Option(
    ["--debug"],
    is_flag=True,
    expose_value=False,
    callback=_note,
    help="Show a traceback with every failure, and run asyncio in its debug mode.",
)
