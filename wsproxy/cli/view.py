"""`wsproxy view`: the page over a saved capture."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from wsproxy.captures.opening import any_capture
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.cli.viewer import Viewer
from wsproxy.payloads.rules import DecodeRule

EPILOG = """\b
Examples:
  wsproxy view today.wsproxy
  wsproxy view ticket.zip
  wsproxy view browser.har --web-port 0
"""


@click.command("view", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("--web-port", type=click.IntRange(0, 65535),
              help="Where the page is; 8081 or a free one unless given.")  # fmt: skip
@click.option("--web-host", default="127.0.0.1", show_default=True)
@click.option("--web-token", metavar="T", help="What the page asks for; a random one unless given.")
@decode_option
def command(
    capture: Path,
    web_port: int | None,
    web_host: str,
    web_token: str | None,
    decode: tuple[list[DecodeRule], ...],
) -> None:
    """Show CAPTURE in a browser: a capture, or whatever `wsproxy import` reads.

    There is no upstream: what steers connections is not there. Notes and bookmarks go into a
    capture; those on other files are lost at the end, unless the page exports them.
    """
    configure_logging()
    with any_capture(capture) as path:
        viewer = Viewer(
            path,
            capture.name,
            host=web_host,
            port=web_port,
            token=web_token,
            rules=flat(decode),
        )
        if path != capture:
            click.echo(
                f"wsproxy: notes on {capture.name} last until wsproxy ends;"
                " export from the page, or `wsproxy import` it first, to keep them",
                err=True,
            )
        run_loop(_view(viewer, capture))


async def _view(viewer: Viewer, capture: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await viewer.start()
    click.echo(f"wsproxy shows {capture} at {viewer.page_url}")
    await stop.wait()
    await viewer.stop()
