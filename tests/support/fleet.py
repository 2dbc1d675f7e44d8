"""NATS servers of a test's own, instances and views on them, and counting what a view has."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from tests.support.rig import TOKEN, Rig, running
from wsproxy.cli.fleetviewer import FleetView, ViewSettings
from wsproxy.config import FleetSettings
from wsproxy.fleet.names import Names
from wsproxy.fleet.setup import Limits, create
from wsproxy.store.reader import Capture

PATIENCE = 30.0
"""Seconds that anything may take before the test fails."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@dataclass
class Node:
    """One nats-server, in a folder of its own."""

    port: int
    name: str
    configuration: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert program is not None
        log = self.configuration.with_suffix(".log").open("ab")
        self.process = subprocess.Popen(
            [program, "-c", str(self.configuration)], stdout=log, stderr=log
        )
        log.close()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, self.configuration
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@dataclass
class Cluster:
    """Servers that know each other."""

    nodes: list[Node] = field(default_factory=list)

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(f"nats://127.0.0.1:{node.port}" for node in self.nodes)

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()

    async def connect(self) -> Client:
        return await nats.connect(list(self.urls), max_reconnect_attempts=-1, connect_timeout=2)

    async def make(self, fleet: str, **limits: Any) -> None:
        """Make a fleet's stream and buckets, as soon as the cluster can."""
        client = await self.connect()
        replicas = len(self.nodes)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        await create(
                            client.jetstream(),
                            Names(fleet),
                            Limits(**({"replicas": replicas, "size": 50_000_000} | limits)),
                            update=True,
                        )
                    except Exception:
                        await asyncio.sleep(0.2)
                    else:
                        return
        finally:
            await client.close()


def start_cluster(folder: Path, size: int) -> Cluster:
    """Start servers; one, or three as a cluster."""
    ports = free_ports(2 * size)
    routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports[size:])
    cluster = Cluster()
    for number in range(size):
        name = f"n{number + 1}"
        path = folder / f"{name}.conf"
        text = (
            f'server_name: {name}\nlisten: "127.0.0.1:{ports[number]}"\n'
            f'jetstream {{ store_dir: "{folder / name}" }}\n'
        )
        if size > 1:
            text += (
                f'cluster {{ name: test, listen: "127.0.0.1:{ports[size + number]}",'
                f" routes: [{routes}] }}\n"
            )
        path.write_text(text)
        cluster.nodes.append(Node(ports[number], name, path))
    for node in cluster.nodes:
        node.start()
    return cluster


@contextlib.asynccontextmanager
async def instance(
    cluster: Cluster, fleet: str, name: str, capture: Path, **settings: Any
) -> AsyncIterator[Rig]:
    """A proxy with an echoing upstream, in a fleet."""
    options = settings.pop("fleet_options", {})
    fleet_settings = FleetSettings(servers=cluster.urls, name=fleet, instance=name, **options)
    async with running(capture=capture, fleet=fleet_settings, **settings) as rig:
        assert rig.proxy.member is not None
        yield rig


@contextlib.asynccontextmanager
async def view(cluster: Cluster, fleet: str, capture: Path) -> AsyncIterator[FleetView]:
    """A view of a fleet, with its page."""
    made = FleetView(
        ViewSettings(
            fleet=FleetSettings(servers=cluster.urls, name=fleet),
            capture=capture,
            web_port=0,
            web_token=TOKEN,
        )
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def said(path: Path) -> dict[str, list[str]]:
    """What clients said, by instance: the text frames upstream, in order."""
    capture = Capture(path)
    try:
        instances = {one.id: one.instance for one in capture.connections()}
        found: dict[str, list[str]] = {}
        for _, record in capture.frames():
            if record.frame.opcode == 1 and record.direction == 0:
                name = instances.get(record.connection_id, "?")
                found.setdefault(name, []).append(record.frame.payload.decode())
        return found
    finally:
        capture.close()


def frame_count(path: Path) -> int:
    """How many frames a capture has."""
    capture = Capture(path)
    try:
        return int(capture.db.execute("SELECT coalesce(sum(count), 0) FROM block").fetchone()[0])
    finally:
        capture.close()


async def eventually(true: Callable[[], object], what: str = "") -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"it never came true: {what} {true()}"
        await asyncio.sleep(0.05)


async def same_frames(view_capture: Path, *captures: Path) -> None:
    """Wait until the view has as many frames as the instances, then check that all are the same."""
    wanted = sum(map(frame_count, captures))
    await eventually(
        lambda: frame_count(view_capture) >= wanted,
        f"{wanted} frames in the view",
    )
    assert frame_count(view_capture) == wanted
    merged: dict[str, list[str]] = {}
    for capture in captures:
        merged.setdefault(capture.stem, []).extend(said(capture).get(capture.stem, []))
    assert said(view_capture) == {name: texts for name, texts in merged.items() if texts}
