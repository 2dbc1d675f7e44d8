"""mitmproxy's options on the command line, and starting its addons where one of them is given."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wsproxy.config import Settings
from wsproxy.errors import WsproxyError
from wsproxy.relay.interfaces import Clock

if TYPE_CHECKING:
    from wsproxy.addonhost.host import AddonHost

_Command = TypeVar("_Command", bound=Callable[..., Any])


def addon_options(command: _Command) -> _Command:
    """Add -s, --set and -w; the command gets `scripts`, `sets` and `save_stream_file`."""
    for option in (
        click.option(
            "-w",
            "--save-stream-file",
            metavar="FILE",
            help="Write flows to FILE as they end, for mitmproxy; +FILE appends.",
        ),
        click.option(
            "--set",
            "sets",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set an option of mitmproxy's or of an addon; may be repeated.",
        ),
        click.option(
            "-s",
            "--script",
            "scripts",
            multiple=True,
            metavar="FILE",
            help="Run a mitmproxy addon; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def make_host(
    settings: Settings,
    clock: Clock,
    *,
    scripts: tuple[str, ...],
    sets: tuple[str, ...],
    save_stream_file: str | None,
    quiet: bool,
) -> AddonHost | None:
    """The addon host that was asked for; None if none of its options was given.

    Raises WsproxyError where mitmproxy is not installed.
    """
    if not scripts and not sets and save_stream_file is None:
        return None
    if find_spec("mitmproxy") is None:
        raise WsproxyError("-s, --set and -w need mitmproxy: pip install 'wsproxy[mitmproxy]'")
    # It takes a while to import, and is an extra.
    from wsproxy.addonhost.host import AddonHost, HostSettings

    values: dict[str, Any] = {
        "keep_host_header": settings.keep_host_header,
        "ssl_insecure": settings.ssl_insecure,
        "listen_host": settings.listen_host,
        "listen_port": settings.listen_port,
    }
    if save_stream_file is not None:
        _check_folder(save_stream_file.removeprefix("+"))
        values["save_stream_file"] = save_stream_file
    paths = [_absolute(script) for script in scripts]
    return AddonHost(HostSettings(settings.upstream_url, paths, sets, values, quiet), clock)


def _absolute(script: str) -> str:
    if not Path(script).expanduser().is_file():
        raise WsproxyError(f"there is no script {script}")
    return script


def _check_folder(file: str) -> None:
    """A folder that is not there is a mistake here, as it is for --capture."""
    folder = Path(file).expanduser().parent
    if "%" not in str(folder) and not folder.is_dir():
        raise WsproxyError(f"cannot write {file} (-w): there is no folder {folder}")
