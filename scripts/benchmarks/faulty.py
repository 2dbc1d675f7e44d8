"""Relaying with one fault in force, beside nginx tunnelling."""

from __future__ import annotations

from scripts.benchmarks.report import Report
from scripts.benchmarks.shapes import COLUMNS, Settings, both, compare
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench

# What is measured is what a fault costs, not how long it waits: hence so short a time, and enough
# messages under way to fill it.
SHAPE = Shape("latency", 128, 128, 4)
FAULT = ("--fault", "latency:latency=1ms")
WANTED = (0.5, 4.0, 4.0)


def faulty(settings: Settings) -> Report:
    """one fault: each message a millisecond late"""
    report = Report("faulty", COLUMNS)
    with Bench() as bench:
        targets = [bench.nginx(), *both(bench, settings, *FAULT, *settings.options)]
        compare(report, bench, targets, SHAPE, settings, WANTED)
    return report
