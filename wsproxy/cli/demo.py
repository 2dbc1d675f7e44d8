"""`wsproxy demo`: everything in one process, to see what it does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path

import click

from wsproxy.app import Proxy
from wsproxy.cli import demo_peers
from wsproxy.cli.colour import coloured
from wsproxy.cli.runtime import configure_logging, run_loop
from wsproxy.clock import LoopClock
from wsproxy.config import Settings
from wsproxy.log.printer import Pretty, Printer
from wsproxy.relay.tasks import start_task


@click.command("demo")
@click.option("--once", is_flag=True, help="End after one conversation instead of going on.")
def command(once: bool) -> None:
    """Start a small upstream, the proxy and a client, and show what passes between them."""
    configure_logging()
    run_loop(_demo(once=once))


async def _demo(*, once: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server, port = await demo_peers.start_upstream()
    capture = Path(tempfile.mkdtemp(prefix="wsproxy-")) / "demo_peers.wsproxy"
    printer = Printer(Pretty(colour=coloured()), LoopClock())
    settings = Settings(
        upstream_url=f"ws://127.0.0.1:{port}", listen_port=0, capture=capture, no_web=once
    )
    proxy = Proxy(settings, [printer])
    await proxy.start()
    click.echo(f"An upstream at {settings.upstream_url}, wsproxy at {proxy.url}, a client:\n")
    if not once:
        click.echo(f"The page: {proxy.page_url}\n")
    try:
        await demo_peers.conversation(proxy.url)
        if not once:
            talking = start_task(demo_peers.keep_talking(proxy.url), "the demo's client")
            await stop.wait()
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talking
    finally:
        await proxy.stop()
        server.close()
        await asyncio.to_thread(printer.close)
    click.echo(
        f"""
All of it is in the capture. Try next:
  wsproxy show {capture}
  wsproxy show {capture} --connection 1
  wsproxy show {capture} --messages --filter '~down & ~json $.prices'
  wsproxy run ws://localhost:8000      and point your client at ws://localhost:8080"""
    )
