"""What three open pages cost a relay that has as much to do as the machine can."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import aiohttp

from scripts.benchmarks.machine import LOAD_CORE, process, python
from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.rounds import Result, measure, medians, ratios
from scripts.benchmarks.shapes import SHAPES, Settings
from scripts.benchmarks.targets import TOKEN, Bench

PAGES = 3
WANTED = 0.8
"""Of the round trips without a page."""


def pages(settings: Settings) -> Report:
    """three open pages, beside none"""
    report = Report(
        "pages", ("shape", "pages", "round trips/s", "µs a message", "p99 ms", "round trips, ratio")
    )
    for shape in SHAPES[:2]:
        results: dict[int, list[Result]] = {0: [], PAGES: []}
        with Bench() as bench:
            target = bench.wsproxy()
            measure(bench, target, shape, min(settings.seconds, 1.0))
            for _ in range(settings.rounds):
                results[0].append(measure(bench, target, shape, settings.seconds))
                command = python("scripts.benchmarks.pages", target.api)
                with process(command, LOAD_CORE, stdin=subprocess.PIPE) as viewers:
                    assert viewers.stdout is not None
                    viewers.stdout.readline()  # they are connected
                    results[PAGES].append(measure(bench, target, shape, settings.seconds))
        for count, rounds in results.items():
            found = medians(rounds)
            of = verdict(ratios(rounds, results[0]).round_trips, least=WANTED) if count else ""
            report.add(
                f"`{shape.name}`: {shape.title}",
                str(count),
                f"{found.round_trips:,.0f}",
                f"{found.microseconds:.2f}",
                f"{found.p99:.2f}",
                of,
            )
    return report


async def _view(api: str) -> None:
    """Be so many pages until standard input ends."""
    async with aiohttp.ClientSession(headers={"X-Wsproxy-Token": TOKEN}) as session:
        sockets = [await session.ws_connect(f"{api}/feed", max_msg_size=0) for _ in range(PAGES)]
        for socket in sockets:
            await socket.send_json({})
        print("ready", flush=True)
        await asyncio.gather(*(_page(session, api, socket) for socket in sockets))


async def _page(
    session: aiohttp.ClientSession, api: str, socket: aiohttp.ClientWebSocketResponse
) -> None:
    batches = 0
    async for message in socket:
        frames = json.loads(message.data).get("frames")
        batches += 1
        if frames and frames["skipped"] and not batches % 10:  # somebody scrolls up
            async with session.get(f"{api}/frames", params={"offset": -200}) as response:
                await response.json()


if __name__ == "__main__":
    asyncio.run(_view(sys.argv[1]))
