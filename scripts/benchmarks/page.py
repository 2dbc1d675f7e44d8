"""What three open pages cost a relay under load.

`python -m scripts.benchmarks.page` runs the proxy between the echo server and the load client,
in turns without a page and with three (each a listener of the feed that also fetches what it
skipped, as the page does), and compares what passed. The load is 20,000 messages a second at
most, or what the machine can do if that is less.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator

import aiohttp

TOKEN = "benchmark"  # noqa: S105
ROUNDS = 3
PAGES = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    args = parser.parse_args()
    rates: dict[int, list[float]] = {0: [], PAGES: []}
    for _ in range(ROUNDS):
        for pages, measured in rates.items():
            measured.append(_round(pages, args))
            print(f"{pages} pages: {measured[-1]:,.0f} messages/s", flush=True)
    without, with_pages = (statistics.median(measured) for measured in rates.values())
    print(f"with {PAGES} pages {with_pages / without:.2f} of the throughput without")


def _round(pages: int, args: argparse.Namespace) -> float:
    """Messages a second, both directions, with so many pages."""
    with _load_server() as server, _proxy(server) as (port, web_port):
        viewers = subprocess.Popen(
            [sys.executable, "-m", "scripts.benchmarks.page_viewers", str(web_port), str(pages)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert viewers.stdout is not None
        viewers.stdout.readline()  # they are connected
        try:
            load = subprocess.run(
                [
                    *(sys.executable, "-m", "scripts.benchmarks.load", "load"),
                    *("--port", str(port), "--seconds", str(args.seconds)),
                    *("--connections", str(args.connections), "--size", str(args.size)),
                ],
                check=True,
                capture_output=True,
                text=True,
            )
        finally:
            viewers.terminate()
            print(f"  {viewers.stdout.read().strip()}" if pages else "", end="\n" if pages else "")
            viewers.wait()
    result = json.loads(load.stdout.splitlines()[-1])
    return float(2 * result["round_trips"] / result["seconds"])


@contextlib.contextmanager
def _load_server() -> Iterator[int]:
    server = subprocess.Popen(
        [sys.executable, "-m", "scripts.benchmarks.load", "serve"], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def _proxy(upstream: int) -> Iterator[tuple[int, int]]:
    proxy = subprocess.Popen(
        [
            *(sys.executable, "-m", "wsproxy", "run", f"ws://127.0.0.1:{upstream}", "-q"),
            *("-p", "0", "--web-port", "0", "--web-token", TOKEN),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert proxy.stdout is not None
    assert proxy.stderr is not None
    try:
        ready = re.search(r"ws://[^:]+:(\d+) ", proxy.stdout.readline())
        page = re.search(r"http://[^:]+:(\d+)/", proxy.stderr.readline())
        assert ready
        assert page
        yield int(ready[1]), int(page[1])
    finally:
        proxy.terminate()
        proxy.wait()


async def view(web_port: int, pages: int, heard: dict[str, int]) -> None:
    """Be so many pages until cancelled."""
    api = f"http://127.0.0.1:{web_port}/api/v1"
    async with aiohttp.ClientSession(headers={"X-Wsproxy-Token": TOKEN}) as session:
        await asyncio.gather(*(_page(session, api, heard) for _ in range(pages)))


async def _page(session: aiohttp.ClientSession, api: str, heard: dict[str, int]) -> None:
    async with session.ws_connect(f"{api}/feed", max_msg_size=0) as socket:
        await socket.send_json({})
        async for message in socket:
            batch = json.loads(message.data)
            heard["batches"] += 1
            frames = batch.get("frames")
            if frames is None:
                continue
            heard["rows"] += len(frames["rows"])
            heard["skipped"] += frames["skipped"]
            if frames["skipped"] and heard["batches"] % 10 == 0:  # somebody scrolls up
                async with session.get(f"{api}/frames", params={"offset": -200}) as response:
                    heard["fetched"] += len((await response.json())["rows"])


if __name__ == "__main__":
    main()
