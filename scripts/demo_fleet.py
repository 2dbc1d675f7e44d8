"""`scripts/demo --fleet`: three instances, one view, one fault on all, one instance killed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from wsproxy.cli import demo_peers
from wsproxy.cli.fleetup import Fleet
from wsproxy.cli.runtime import configure_logging
from wsproxy.relay.tasks import start_task

PATIENCE = 30.0
"""Seconds that anything may take."""


async def main(*, once: bool) -> None:
    server, port = await demo_peers.start_upstream()
    folder = Path(tempfile.mkdtemp(prefix="wsproxy-demo-"))
    fleet = Fleet(f"ws://127.0.0.1:{port}", instances=3, port=0, folder=folder, options=[])
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    view = None
    talking: list[asyncio.Task[None]] = []
    try:
        view = await fleet.start(None, None)
        api = view.page_url.partition("/?")[0] + "/api/v1"
        headers = {"Authorization": f"Bearer {view.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            print(f"Three instances share {fleet.url}; the view is at {view.page_url}\n")
            talking = [start_task(_talk(fleet.url), "the demo's client") for _ in range(9)]
            for _ in range(12):
                await demo_peers.conversation(fleet.url)

            async def instances(true: Callable[[list[dict[str, Any]]], object]) -> None:
                async def look() -> list[dict[str, Any]]:
                    async with session.get(f"{api}/fleet") as response:
                        return list((await response.json())["instances"])

                _show(await _until(look, true))

            print("Each says how it is:")
            await instances(lambda found: sum(one["alive"] for one in found) == 3)
            fault = {"name": "slow", "type": "latency", "attributes": {"latency": "50ms"}}
            async with session.post(f"{api}/faults", json=fault) as response:
                assert response.status == 201
            print("\nOne fault, set at the view, is in force at all of them:")
            await instances(lambda found: all("slow" in one.get("faults", {}) for one in found))
            first = next(one for one in view.roster.instances() if one["instance"] == "i1")
            os.kill(first["process"], signal.SIGKILL)
            print("\ni1 was killed; a few seconds later the view knows:")
            await instances(lambda found: sum(one["alive"] for one in found) == 2)
        print(f"\nAll that passed is in {folder}/view.wsproxy. Try next:")
        print(f"  wsproxy show {folder}/view.wsproxy --filter '~instance i1'")
        if not once:
            print("\nIt goes on until Ctrl-C.")
            await stop.wait()
    finally:
        for task in talking:
            task.cancel()
        await fleet.stop()
        if view is not None:
            await view.stop()
        await fleet.close()
        server.close()


async def _talk(url: str) -> None:
    while True:
        with contextlib.suppress(Exception):  # its instance was killed: it connects anew
            await demo_peers.keep_talking(url)
        await asyncio.sleep(0.2)


async def _until(
    look: Callable[[], Awaitable[list[dict[str, Any]]]],
    true: Callable[[list[dict[str, Any]]], object],
) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found and true(found):
                return found
            await asyncio.sleep(0.2)


def _show(instances: list[dict[str, Any]]) -> None:
    for one in instances:
        state = "alive" if one["alive"] else "gone"
        faults = ", ".join(f"{name} ({n} strikes)" for name, n in one.get("faults", {}).items())
        print(
            f"  {one['instance']}  {state:5}  {one['connections']:2} connections"
            f"  {one['sent']:5,} frames sent  faults: {faults or 'none'}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/demo --fleet")
    parser.add_argument("--once", action="store_true", help="end by itself")
    configure_logging()
    try:
        asyncio.run(main(once=parser.parse_args().once))
    except KeyboardInterrupt:
        sys.exit(130)
