"""What a fleet costs an instance, and how fast one view follows three."""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from scripts.benchmarks.machine import (
    LOAD_CORE,
    free_port,
    is_listening,
    process,
    processor_seconds,
    wait_for,
)
from scripts.benchmarks.report import Report
from scripts.benchmarks.shapes import COLUMNS, SHAPES, Settings, compare
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench
from wsproxy.store.reader import Capture

INSTANCES = 3

LOOKS = 4
"""How often the view is compared with what was sent: its lag must not grow."""

WANTED = (0.9, None, None)
"""Round trips with the fleet on, as a ratio to those without."""

_BIN = Path(sys.executable).parent


def fleet(settings: Settings) -> Report:
    """an instance with the fleet off and on, and a view that follows three instances"""
    report = Report("fleet", COLUMNS)
    for shape in SHAPES:
        if shape.name not in (settings.shapes or ("small", "pipelined", "256k")):
            continue
        with Bench() as bench:
            url, nats = _nats(bench, bench.folder)
            targets = [
                bench.wsproxy(name="off"),
                bench.wsproxy("--fleet", url, "--instance", "a", name="on"),
            ]
            before = processor_seconds(nats)
            compare(report, bench, targets, shape, settings, WANTED)
            share = (processor_seconds(nats) - before) / (settings.rounds + 1) / settings.seconds
            report.remark(
                f"`{shape.name}`: nats-server took {share:.0%} of the load's core while the fleet was"
                " on; that core also makes the load and answers it."
            )
    _follow(report, settings.seconds)
    return report


def _follow(report: Report, seconds: float) -> None:
    """Three instances at full load, how far behind a view is meanwhile, and when it has all."""
    shape = Shape("pipelined", 128, 4, 32)
    with ExitStack() as stack:
        benches = [stack.enter_context(Bench()) for _ in range(INSTANCES)]
        folder = benches[0].folder
        url, _ = _nats(stack, folder)
        targets = [
            bench.wsproxy("--fleet", url, "--instance", f"i{number}", name=f"i{number}")
            for number, bench in enumerate(benches)
        ]
        capture = folder / "view.wsproxy"
        command = [
            *(str(_BIN / "wsproxy"), "fleet", "view", url),
            *("--capture", str(capture), "--web-port", "0"),
        ]
        view = stack.enter_context(process(command, LOAD_CORE))
        assert view.stdout is not None
        view.stdout.readline()
        for bench, target in zip(benches, targets, strict=True):
            bench.open(target, shape)
        threads = stack.enter_context(ThreadPoolExecutor(INSTANCES))
        began = time.monotonic()
        sent = 0
        behind: list[str] = []
        for _ in range(LOOKS):
            answers = threads.map(lambda bench: bench.tell("run", seconds=seconds), benches)
            sent = sum(answer["round_trips"] for answer in answers) * 2  # since they were opened
            behind.append(f"{max(sent - _frames(capture), 0):,}")
        loaded = time.monotonic() - began
        wait_for(lambda: _frames(capture) >= sent, 120)
        caught_up = time.monotonic() - began
        spent = processor_seconds(view.pid)
    report.remark(
        f"{INSTANCES} instances at full load: {sent / loaded:,.0f} messages/s in all for"
        f" {loaded:.1f} s; the view was {', '.join(behind)} behind meanwhile and had all"
        f" {caught_up - loaded:.1f} s later;"
        f" {spent / sent * 1e6:.2f} µs of its processor time a message."
    )


def _frames(path: Path) -> int:
    capture = Capture(path)
    try:
        return int(capture.db.execute("SELECT coalesce(sum(count), 0) FROM block").fetchone()[0])
    finally:
        capture.close()


def _nats(stack: ExitStack, folder: Path) -> tuple[str, int]:
    """A server of our own, with a fleet made on it; returns its URL and its process."""
    program = shutil.which("nats-server", path=str(_BIN))
    if program is None:
        sys.exit("nats-server is needed: scripts/setup")
    port = free_port()
    arguments = ["-js", "-sd", str(folder / "nats"), "-a", "127.0.0.1", "-p", str(port)]
    command = [program, *arguments, "-l", str(folder / "nats.log")]
    server = stack.enter_context(process(command, LOAD_CORE))
    wait_for(lambda: is_listening(port))
    url = f"nats://127.0.0.1:{port}"
    command = [str(_BIN / "wsproxy"), "fleet", "create", url, "--size", "2GB"]
    with process(command, LOAD_CORE) as made:
        made.wait(30)
    return url, server.pid
