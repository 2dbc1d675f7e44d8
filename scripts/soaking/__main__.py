"""`python -m scripts.soaking`: the soak itself; exit code 1 where a row is missing or anything grows."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

from scripts.benchmarks.machine import memory_bytes
from scripts.soaking.audit import Audit
from scripts.soaking.peers import ENDINGS, Talk, serve, talk_to

CLIENTS = 24
LIMIT = "96MB"
"""Of the capture: so little that it is trimmed all the time."""
SAMPLE_SECONDS = 1.0

GROWTH = 1.1
"""How much more anything may be at the end than after the start, as a ratio ..."""
MEMORY_MARGIN = 6_000_000
"""... and in bytes, ..."""
COUNT_MARGIN = 24
"""... and in descriptors or tasks: clients come and go."""


class Sample(NamedTuple):
    """What the proxy holds."""

    memory: int
    descriptors: int
    tasks: int


class Proxy:
    """The command under test."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, tasks: Path) -> None:
        self.process = process
        self.port = port
        self._tasks = tasks

    def sample(self) -> Sample:
        pid = self.process.pid
        count = int(self._tasks.read_text() or 0) if self._tasks.exists() else 0
        os.kill(pid, signal.SIGUSR1)  # for the next sample
        return Sample(memory_bytes(pid), len(list(Path(f"/proc/{pid}/fd").iterdir())), count)


async def start(folder: Path, upstream: int, options: list[str]) -> Proxy:
    tasks = folder / "tasks"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.soaking.tasks", str(tasks), "run"),
        *(f"ws://127.0.0.1:{upstream}", "-q", "-p", "0", "--web-port", "0"),
        *("--capture", str(folder / "soak.wsproxy"), "--capture-limit", LIMIT, *options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    return Proxy(process, int(ready.split()[3].rsplit(":", 1)[1]), tasks)


async def client(
    port: int, talks: dict[int, Talk], numbers: itertools.count[int], until: float
) -> None:
    """One connection after the other."""
    while time.monotonic() < until:
        number = next(numbers)
        dice = random.Random(f"client {number}")  # noqa: S311 - no secret
        talk = talks[number] = Talk(number, dice.choice(ENDINGS))
        await talk_to(port, talk, dice)
        await asyncio.wait_for(talk.closed.wait(), 60)


async def watch(proxy: Proxy, audit: Audit, samples: list[Sample]) -> None:
    """Sample and read the index, until cancelled."""
    for turn in itertools.count():
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append(proxy.sample())
        await asyncio.to_thread(audit.read)
        if turn % 30 == 29:
            memory, descriptors, tasks = samples[-1]
            print(
                f"{turn + 1} s: {audit.connections:,} connections, {audit.rows:,} frames,"
                f" {audit.trimmed:,} trimmed; {memory / 1e6:.0f} MB, {descriptors} descriptors,"
                f" {tasks} tasks",
                flush=True,
            )


def growth(samples: list[Sample], warm: int) -> list[str]:
    """What is more at the end than it was once warm; a quarter of the samples is compared each."""
    after = samples[warm:]
    quarter = max(len(after) // 4, 1)
    wrong = []
    for name, margin in (
        ("memory", MEMORY_MARGIN),
        ("descriptors", COUNT_MARGIN),
        ("tasks", COUNT_MARGIN),
    ):
        values = [getattr(sample, name) for sample in after]
        first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
        if last > first * GROWTH + margin:
            wrong.append(f"{name} grew from {first:,.0f} to {last:,.0f}")
    return wrong


async def soak(seconds: float, options: list[str]) -> list[str]:
    """Returns what is wrong, a line each."""
    talks: dict[int, Talk] = {}
    server = await asyncio.start_server(partial(serve, talks), "127.0.0.1", 0, backlog=1000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        proxy = await start(folder, server.sockets[0].getsockname()[1], options)
        try:
            audit = Audit(folder / "soak.wsproxy")
            before = proxy.sample()
            samples: list[Sample] = []
            watching = asyncio.create_task(watch(proxy, audit, samples))
            until = time.monotonic() + seconds
            numbers = itertools.count(1)
            await asyncio.gather(
                *(client(proxy.port, talks, numbers, until) for _ in range(CLIENTS))
            )
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await asyncio.sleep(1.0)  # for the writer, and for descriptors to be closed
            audit.read()
            after = proxy.sample()
            proxy.process.send_signal(signal.SIGINT)
            code = await asyncio.wait_for(proxy.process.wait(), 10)
            audit.read()
        finally:
            if proxy.process.returncode is None:
                proxy.process.kill()
                await proxy.process.wait()
    # What was made at the start of all is not growth: the second minute on, or a third of less.
    wrong = growth(samples, min(60, len(samples) // 3))
    wrong += audit.compare(talks.values())
    if code:
        wrong.append(f"the exit code is {code}")
    if after.descriptors > before.descriptors + 8:
        wrong.append(
            f"{after.descriptors} descriptors are open without any connection, {before.descriptors} at first"
        )
    if not audit.trimmed:
        wrong.append("nothing was trimmed: it ran too short")
    print(
        f"{len(talks):,} connections, {audit.rows:,} frames, {audit.trimmed:,} of them trimmed;"
        f" {samples[-1].memory / 1e6:.0f} MB, {after.descriptors} descriptors"
    )
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Every frame has its row, nothing grows."
    )
    parser.add_argument("--minutes", type=float, default=0.6, help="0.6, which makes 45 s in all")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="--OPTION[=VALUE]",
        help="pass this on to wsproxy run; may be repeated",
    )
    args = parser.parse_args()
    wrong = asyncio.run(soak(args.minutes * 60, args.option))
    for line in wrong[:20]:
        print(f"WRONG: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
