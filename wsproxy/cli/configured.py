"""Where options come from beside the command line: `--config FILE`, then `WSPROXY_*` variables."""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import click

from wsproxy.errors import WsproxyError
from wsproxy.text.files import read_text
from wsproxy.text.words import did_you_mean

PREFIX = "WSPROXY"

FILE_KEY = "wsproxy.config_file"
"""Under this name a context's `meta` has the path of its file."""


class _Lines(click.types.StringParamType):
    """Several values of a variable stand on a line each: a fault may have spaces in it."""

    envvar_list_splitter = "\n"


def with_config(command: click.Command) -> click.Command:
    """`command` with `--config`, and with a variable for each option."""
    if isinstance(command, click.Group):
        return command
    command = copy.copy(command)
    command.params = [*map(_with_variable, command.params), _OPTION]
    return command


def variable_of(param: click.Parameter) -> str:
    """The variable that gives a parameter: `WSPROXY_LISTEN_PORT`."""
    return f"{PREFIX}_{key_of(param).upper().replace('-', '_')}"


def _with_variable(param: click.Parameter) -> click.Parameter:
    param = copy.copy(param)
    param.envvar = variable_of(param)
    several = isinstance(param, click.Option) and param.multiple
    if several and isinstance(param.type, click.types.StringParamType):
        param.type = _Lines()
    return param


def _read(context: click.Context, _option: click.Parameter, given: Path | None) -> None:
    if given is not None:
        path, text, values = _load(given)
        context.meta[FILE_KEY] = path
        context.default_map = _values(context.command, path, text, values)


def _load(given: Path) -> tuple[Path, str, dict[str, Any]]:
    path = given
    if given.is_dir():
        found = [given / name for name in ("wsproxy.toml", "pyproject.toml")]
        path = next((each for each in found if each.is_file()), found[0])
    try:
        text = read_text(path)
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WsproxyError(f"{path} is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise WsproxyError(f"cannot read {path}: {reason.lower()}") from None
    if path.name == "pyproject.toml":
        values = values.get("tool", {}).get("wsproxy", {})
    return path, text, values


def _values(
    command: click.Command, path: Path, text: str, values: dict[str, Any]
) -> dict[str, Any]:
    """The file's values for a command, by the names of its parameters."""
    known = {key_of(param): param for param in command.params if param.name != "config"}
    own = values.get(command.name or "", {})
    if command.name == "run":  # what stands above all tables is the proxy's
        own = {key: value for key, value in values.items() if not isinstance(value, dict)} | own
    found = {}
    for key, value in own.items():
        param = known.get(key.replace("_", "-"))
        if param is None:
            hint = did_you_mean(key, known, listed=False)
            raise WsproxyError(f"{path}, line {_line(text, key)}: there is no option {key}{hint}")
        multiple = isinstance(param, click.Option) and param.multiple
        found[param.name or ""] = [value] if multiple and not isinstance(value, list) else value
    return found


def key_of(param: click.Parameter) -> str:
    """What a parameter is called in files: its long name."""
    if isinstance(param, click.Argument):
        return (param.name or "").replace("_", "-")
    return max(param.opts, key=len).lstrip("-")


def _line(text: str, key: str) -> int:
    match = re.search(rf"^\s*[\"']?{re.escape(key)}[\"']?\s*=", text, re.MULTILINE)
    return text.count("\n", 0, match.end()) + 1 if match else 1


_OPTION = click.Option(
    ["--config"],
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read,
    metavar="FILE",
    help="Take options from FILE (TOML). A folder means its wsproxy.toml, or [tool.wsproxy] in its"
    " pyproject.toml. WSPROXY_* variables and the command line go before.",
)
