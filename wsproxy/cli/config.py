"""`wsproxy config`: what `wsproxy run` would be told, and from where."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from wsproxy.cli import run
from wsproxy.cli.configured import FILE_KEY, key_of, variable_of, with_config

SECRETS = ("web-token",)
"""Options whose values are not shown."""


@click.command(
    "config",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-h", "--help", "wants_help", is_flag=True, help="Show this message and exit.")
def command(arguments: tuple[str, ...], wants_help: bool) -> None:
    """Print the options that `wsproxy run ARGUMENTS` would have in force, each with its origin.

    What is printed is a file for --config.
    """
    if wants_help:
        click.echo(click.get_current_context().get_help())
        return
    command = with_config(run.command)
    command.params = [_not_required(param) for param in command.params]
    context = command.make_context("run", list(arguments))
    for param in command.params:
        value = context.params.get(param.name or "")
        if param.expose_value and value is not None and value != ():
            click.echo(_line(context, param, value))


def _line(context: click.Context, param: click.Parameter, value: Any) -> str:
    source = context.get_parameter_source(param.name or "")
    origin = {
        ParameterSource.COMMANDLINE: "the command line",
        ParameterSource.ENVIRONMENT: variable_of(param),
        ParameterSource.DEFAULT_MAP: str(context.meta.get(FILE_KEY)),
    }.get(source or ParameterSource.DEFAULT, "default")
    key = key_of(param)
    if key in SECRETS:
        return f"# {key} is set  ({origin})"
    return f"{key} = {_toml(value)}  # {origin}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(str(value) if isinstance(value, Path) else value, default=str)


def _not_required(param: click.Parameter) -> click.Parameter:
    param = copy.copy(param)
    param.required = False
    return param
