"""`wsproxy serve`: the recorded server plays again, for a real client."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import click

from wsproxy.captures.opening import opened
from wsproxy.cli.replay import parse_speed
from wsproxy.cli.types import Parsed
from wsproxy.replay.said import Talk, talks_of
from wsproxy.replay.server import ReplayServer

EPILOG = """\b
Examples:
  wsproxy serve today.wsproxy -p 9000
  wsproxy serve ticket.zip -p 0 --speed max --strict

Exit code 1: a client said what the recording has no answer to.
"""


@click.command("serve", epilog=EPILOG)
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("-p", "--listen-port", "port", type=click.IntRange(0, 65535), default=9000,
              show_default=True, help="0 picks a free one.")  # fmt: skip
@click.option("--listen-host", "host", default="127.0.0.1", show_default=True)
@click.option(
    "--speed",
    type=Parsed("speed", parse_speed),
    default="1",
    help="10: ten times as fast; max: no pauses.",
)
@click.option("--loop", is_flag=True, help="Begin again where the recording ends.")
@click.option("--strict", is_flag=True, help="Answer only what says the same as then.")
def command(
    capture: Path, port: int, host: str, speed: float | None, loop: bool, strict: bool
) -> None:
    """Play the server of CAPTURE: answer clients as it was recorded, with the recorded pauses."""
    with opened(capture) as reader:
        talks = [*talks_of(reader)]

    def tell(text: str) -> None:
        click.echo(f"wsproxy: {text}", err=True)

    unmatched = asyncio.run(_serve(talks, host, port, speed or None, loop, strict, tell))
    if unmatched:
        raise click.exceptions.Exit(1)


async def _serve(
    talks: list[Talk],
    host: str,
    port: int,
    speed: float | None,
    loop: bool,
    strict: bool,
    tell: Callable[[str], None],
) -> int:
    server = ReplayServer(talks, speed=speed, loop=loop, strict=strict, tell=tell)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    found = await server.start(host, port)
    paths = ", ".join(dict.fromkeys(talk.path for talk in talks)) or "nothing"
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"serving {paths} at ws://{shown}:{found}")
    await stop.wait()
    await server.stop()
    return server.unmatched_count
