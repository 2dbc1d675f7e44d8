"""`wsproxy fleet`: many proxies, one view."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from wsproxy.cli.colour import coloured
from wsproxy.cli.configured import with_config
from wsproxy.cli.decoding import decode_options, flat
from wsproxy.cli.fleetoptions import access_options, viewer_settings
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.cli.types import SIZE, duration
from wsproxy.clock import LoopClock
from wsproxy.config import FleetSettings
from wsproxy.log.printer import Jsonl, Pretty, Printer
from wsproxy.payloads.rules import DecodeRule

EPILOG = """\b
Examples:
  wsproxy fleet create nats://localhost:4222
  wsproxy run ws://localhost:8000 --fleet nats://localhost:4222 --instance api-1
  wsproxy fleet view nats://localhost:4222
"""


@click.group("fleet", epilog=EPILOG)
def command() -> None:
    """Many proxies, one view: everything that crosses machines goes over NATS JetStream."""


@command.command("create")
@access_options
@click.option(
    "--replicas",
    type=click.IntRange(1, 5),
    default=1,
    show_default=True,
    help="On how many servers of the cluster everything is kept.",
)
@click.option(
    "--age",
    type=duration(),
    default="24h",
    show_default=True,
    help="How long the stream keeps what it was sent.",
)
@click.option(
    "--size", type=SIZE, default="10GB", show_default=True, help="How large it may become."
)
@click.option(
    "--when-full",
    type=click.Choice(["drop-oldest", "wait"]),
    default="drop-oldest",
    show_default=True,
    help="What happens then: the oldest goes, or the instances wait with what is new.",
)
@click.option("--memory", is_flag=True, help="Keep it in memory, not on disks.")
@click.option("--update", is_flag=True, help="Give a stream that is there these limits.")
def create(
    servers: tuple[str, ...],
    replicas: int,
    age: float,
    size: int,
    when_full: str,
    *,
    memory: bool,
    update: bool,
    **options: object,
) -> None:
    """Make the stream and the buckets of a fleet on the NATS at URL, or say what differs."""
    settings = viewer_settings(servers, options)
    configure_logging()
    from wsproxy.fleet.setup import Limits

    limits = Limits(
        replicas=replicas,
        age=age,
        size=size,
        drop_oldest=when_full == "drop-oldest",
        memory=memory,
    )
    run_loop(_create(settings, limits, update=update))


async def _create(settings: FleetSettings, limits: object, *, update: bool) -> None:
    from wsproxy.app import access_of
    from wsproxy.fleet import setup
    from wsproxy.fleet.connecting import connect
    from wsproxy.fleet.names import Names, check_name

    assert isinstance(limits, setup.Limits)
    names = Names(check_name(settings.name, "a fleet"))
    client = await connect(access_of(settings), "wsproxy fleet create", patient=False)
    try:
        for line in await setup.create(client.jetstream(), names, limits, update=update):
            click.echo(line)
    finally:
        await client.close()


@command.command("view")
@access_options
@click.option(
    "--web-port",
    type=click.IntRange(0, 65535),
    help="Port of the page; 0 picks a free one. Without it 8081, or a free one if that is taken.",
)
@click.option("--web-host", default="127.0.0.1", show_default=True, help="Address of the page.")
@click.option(
    "--web-token",
    metavar="T",
    help="What the page and its API ask for. Without it, a random one.",
)
@click.option(
    "--capture",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the view's capture in FOLDER; one that exists is continued where it stands.",
)
@click.option(
    "--capture-limit",
    type=SIZE,
    default="2GB",
    show_default=True,
    help="Drop the oldest frames where the capture outgrows this.",
)
@decode_options
def view(
    servers: tuple[str, ...],
    web_port: int | None,
    web_host: str,
    web_token: str | None,
    capture: Path | None,
    capture_limit: int,
    decode: tuple[list[DecodeRule], ...],
    **options: object,
) -> None:
    """Show the page over all instances of the fleet on the NATS at URL, from its history on."""
    fleet = viewer_settings(servers, options)
    configure_logging()
    from wsproxy.cli.fleetviewer import ViewSettings

    settings = ViewSettings(
        fleet=fleet,
        capture=capture,
        capture_limit=capture_limit,
        web_host=web_host,
        web_port=web_port,
        web_token=web_token,
        decode=tuple(flat(decode)),
    )
    run_loop(_view(settings, None))


@command.command("tail")
@access_options
@click.option(
    "--log-format",
    type=click.Choice(["pretty", "jsonl"]),
    default="pretty",
    show_default=True,
    help="Frames as lines for people or as JSON objects.",
)
@decode_options
def tail(
    servers: tuple[str, ...],
    log_format: str,
    decode: tuple[list[DecodeRule], ...],
    log_width: int,
    **options: object,
) -> None:
    """Print what passes at all instances, as `wsproxy run` does for one, from the history on."""
    fleet = viewer_settings(servers, options)
    configure_logging()
    from wsproxy.cli.fleetviewer import ViewSettings

    rules = flat(decode)
    lines = (
        Jsonl(rules)
        if log_format == "jsonl"
        else Pretty(colour=coloured(), width=log_width, rules=rules)
    )
    run_loop(_view(ViewSettings(fleet=fleet, no_web=True), lines))


async def _view(settings: object, lines: Pretty | Jsonl | None) -> None:
    from wsproxy.cli.fleetviewer import FleetView, ViewSettings

    assert isinstance(settings, ViewSettings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    printer = Printer(lines, LoopClock()) if lines is not None else None
    view = FleetView(settings, [printer] if printer is not None else [])
    try:
        await view.start()
        if lines is None:
            click.echo(f"wsproxy shows the fleet {settings.fleet.name}")
        if view.web_port:
            click.echo(f"page: {view.page_url}", err=True)
        await stop.wait()
        await view.stop()
    finally:
        if printer is not None:
            await asyncio.to_thread(printer.close)


for _each in (create, view, tail):
    command.add_command(with_config(_each))
