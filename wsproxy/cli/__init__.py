"""The command line: one file a command."""

from __future__ import annotations

import sys
import traceback

import click

from wsproxy import __version__
from wsproxy.cli.colour import colour_of_arguments, with_colour
from wsproxy.cli.configured import with_config
from wsproxy.cli.debug import HINT, Debug, with_debug
from wsproxy.cli.grouped import WholeLines
from wsproxy.cli.stream import open_closed
from wsproxy.errors import WsproxyError

_COMMANDS = {
    "run": "run",
    "connect": "connect",
    "demo": "demo",
    "show": "show",
    "view": "view",
    "stats": "stats",
    "faults": "faults",
    "export": "export",
    "import": "import_",
    "diff": "diff",
    "replay": "replay",
    "serve": "serve",
    "ctl": "ctl",
    "fleet": "fleet",
    "config": "config",
}


class _Lazy(WholeLines):
    """Imports a command's module when it is used: `wsproxy show` needs no aiohttp."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = _COMMANDS.get(name)
        if module is None:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"wsproxy.cli.{module}").command
        command = with_colour(with_debug(command))
        # `config` reads the other commands' options itself.
        return command if name == "config" else with_config(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if "://" in args[0]:
            ctx.fail(f"write: wsproxy run {' '.join(args)}")
        return super().resolve_command(ctx, args)


@with_colour
@with_debug
@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try `wsproxy demo` first, then `wsproxy run ws://localhost:8000`.",
)
@click.version_option(__version__, "-V", "--version", prog_name="wsproxy")
def cli() -> None:
    """A WebSocket reverse proxy that shows, records and, on request, changes every frame."""


def main() -> None:
    """The console script: exit code 0 done, 1 failed, 2 usage."""
    open_closed()
    debug = Debug()
    try:
        # click gives the code of an Exit back here, where it does not end the process itself.
        code = cli(standalone_mode=False, obj=debug, color=colour_of_arguments(sys.argv[1:]))
        if isinstance(code, int) and code:
            sys.exit(code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except WsproxyError as error:
        if debug.on:
            traceback.print_exc()
        click.echo(f"wsproxy: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # As after `| head`: nobody wants the rest, and Python's own flush must not complain.
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - shown, then the exit code says it
        if debug.on:
            traceback.print_exc()
        click.echo(f"wsproxy: failed: {error!r}{'' if debug.on else f' {HINT}'}", err=True)
        sys.exit(1)
