"""Memory of connections that say nothing, and how long a start takes."""

from __future__ import annotations

import statistics
import time

from scripts.benchmarks.machine import memory_bytes, processor_seconds, settle
from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.shapes import Settings
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench

CASES = (
    ("without the page", 5000, ("--no-web",), 20.0),
    ("with the page", 5000, (), 24.0),
    ("with the page", 9000, (), 24.0),
)


def idle(_: Settings) -> Report:
    """thousands of connections that say nothing"""
    report = Report("idle", ("wsproxy", "connections", "MB before", "MB with them", "KiB each"))
    for name, count, options, wanted in CASES:
        with Bench() as bench:
            target = bench.wsproxy(*options, "--max-connections", "20000")
            settle(target.pid)
            before = memory_bytes(target.pid)
            bench.open(target, Shape("idle", 128, count))
            settle(target.pid)
            after = memory_bytes(target.pid)
            each = (after - before) / count / 1024
            report.add(
                name,
                f"{count:,}",
                f"{before / 1e6:.0f}",
                f"{after / 1e6:.0f}",
                verdict(each, most=wanted),
            )
            bench.tell("close")
    return report


def start(settings: Settings) -> Report:
    """from the command to ready"""
    report = Report("start", ("", "seconds to ready", "processor seconds"))
    walls, spent = [], []
    for _ in range(settings.rounds * 2 + 1):
        with Bench() as bench:
            begin = time.perf_counter()
            target = bench.wsproxy()
            walls.append(time.perf_counter() - begin)
            spent.append(processor_seconds(target.pid))
    report.add(
        "wsproxy, with the page",
        verdict(statistics.median(walls[1:]), most=0.6),
        f"{statistics.median(spent[1:]):.2f}",
    )
    return report
