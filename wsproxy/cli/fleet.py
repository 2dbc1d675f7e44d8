"""`wsproxy fleet`: many proxies, one view."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsproxy.cli.configured import with_config
from wsproxy.cli.decoding import decode_option, flat
from wsproxy.cli.fleetoptions import access_options, viewer_settings
from wsproxy.cli.lines import line_options, lines_of
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.cli.types import SIZE, duration
from wsproxy.clock import LoopClock
from wsproxy.config import FleetSettings
from wsproxy.fleet.installed import need_nats
from wsproxy.log.printer import Jsonl, Pretty, Printer
from wsproxy.payloads.rules import DecodeRule
from wsproxy.render.text import printable

if TYPE_CHECKING:
    from wsproxy.fleet.setup import Limits

EPILOG = """\b
Examples:
  wsproxy fleet create nats://localhost:4222
  wsproxy run ws://localhost:8000 --fleet nats://localhost:4222 --instance api-1
  wsproxy fleet view nats://localhost:4222
  wsproxy fleet up ws://localhost:8000 --instances 4
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


async def _create(settings: FleetSettings, limits: Limits, *, update: bool) -> None:
    from wsproxy.cli.fleetviewer import create_fleet

    for line in await create_fleet(settings, limits, update=update):
        click.echo(line)


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
@click.option(
    "--metrics-public", is_flag=True, help="Let /metrics on the page's port be read without token."
)
@decode_option
def view(
    servers: tuple[str, ...],
    web_port: int | None,
    web_host: str,
    web_token: str | None,
    capture: Path | None,
    capture_limit: int,
    decode: tuple[list[DecodeRule], ...],
    *,
    metrics_public: bool,
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
        metrics_public=metrics_public,
        decode=tuple(flat(decode)),
    )
    run_loop(_view(settings, None))


@command.command("tail")
@access_options
@line_options
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

    lines = lines_of(log_format, flat(decode), log_width)
    run_loop(_view(ViewSettings(fleet=fleet, no_web=True), lines))


@command.command("list")
@access_options
def list_(servers: tuple[str, ...], **options: object) -> None:
    """Say who is in the fleet on the NATS at URL, and how each instance is."""
    settings = viewer_settings(servers, options)
    configure_logging()
    run_loop(_list(settings))


async def _list(settings: FleetSettings) -> None:
    from wsproxy.cli.fleetviewer import instances_of

    found = await instances_of(settings)
    if not found:
        click.echo(f"there is no instance in the fleet {settings.name}", err=True)
    for one in found:
        faults = ", ".join(one.get("faults", {})) or "none"
        parts = [
            one["instance"],
            "alive" if one["alive"] else "gone",
            f"version {one.get('version')}",
            f"{one.get('url')} for {one.get('upstream')}",
            f"{one.get('connections', 0):,} open",
            f"{one.get('sent', 0):,} frames sent",
            f"{one.get('rate', 0.0):,.1f}/s",
            f"{one.get('lag', 0.0):.1f} s behind",
            f"faults: {faults}",
        ]
        click.echo(printable("  ".join(parts)))


@command.command("up")
@click.argument("upstream")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--instances",
    type=click.IntRange(1, 64),
    default=lambda: max(os.cpu_count() or 1, 2),
    show_default="one a core",
    help="How many proxies share the port.",
)
@click.option(
    "-p", "--listen-port", type=click.IntRange(0, 65535), default=8080, show_default=True,
    help="Port for clients; 0 picks a free one.",
)  # fmt: skip
@click.option("--web-port", type=click.IntRange(0, 65535), help="Port of the view's page.")
@click.option("--web-token", metavar="T", help="What the page asks for; without it, a random one.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep captures and NATS there; without it, in a temporary folder.",
)
def up(
    upstream: str,
    options: tuple[str, ...],
    instances: int,
    listen_port: int,
    web_port: int | None,
    web_token: str | None,
    folder: Path | None,
) -> None:
    """Start a whole fleet on this machine: NATS, instances that share a port, and the view.

    UPSTREAM is as for `wsproxy run`; OPTIONS behind `--` go to every instance.
    """
    need_nats()
    configure_logging()
    from wsproxy.cli.fleetup import Fleet, run

    fleet = Fleet(
        upstream, instances=instances, port=listen_port, folder=folder, options=list(options)
    )
    run_loop(run(fleet, view_port=web_port, token=web_token))


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


for _each in (create, view, tail, list_, up):
    command.add_command(with_config(_each))
