"""Relaying with a capture, beside nginx and haproxy tunnelling, on every shape of traffic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.rounds import Result, medians, ratios, take_turns
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench, Target

SHAPES = (
    Shape("small", 128, 64),
    Shape("pipelined", 128, 16, 32),
    Shape("bursts", 128, 16, 32, burst=True),
    Shape("4k", 4096, 16, 8),
    Shape("256k", 256 * 1024, 4, 2),
    Shape("deflate", 1024, 16, 8, deflate=True),
    Shape("tls-client", 1024, 16, 8, tls="client"),
    Shape("tls-both", 1024, 16, 8, tls="both"),
)

SELDOM = frozenset({"bursts"})
"""Measured where they are asked for by name, and in a long run."""

WANTED = {
    "small": (1.0, 1.3, 1.5),
    "pipelined": (0.9, 1.3, 1.5),
    "4k": (0.9, 1.3, 1.5),
    "256k": (1.0, 1.0, 1.5),
    "deflate": (0.6, 2.0, 2.0),
}
"""Round trips at least, processor time and p99 at most, as ratios to nginx."""

COLUMNS = (
    "shape",
    "",
    "round trips/s",
    "µs a message",
    "p50 ms",
    "p99 ms",
    "MB",
    "round trips, ratio",
    "processor time, ratio",
    "p99, ratio",
)


@dataclass(frozen=True)
class Settings:
    """How long, and beside what."""

    rounds: int = 5
    seconds: float = 3.0
    shapes: tuple[str, ...] = ()
    against: Path | None = None
    haproxy: bool = False
    options: tuple[str, ...] = ()


def shapes(settings: Settings) -> Report:
    """all shapes of traffic, beside nginx and haproxy"""
    report = Report("shapes", COLUMNS)
    for shape in SHAPES:
        if settings.shapes:
            if shape.name not in settings.shapes:
                continue
        elif shape.name in SELDOM and settings.rounds < 5:
            continue
        with Bench() as bench:
            targets = [bench.nginx(shape.tls)]
            if settings.haproxy:
                targets.append(bench.haproxy(shape.tls))
            targets += both(bench, settings, *settings.options, tls=shape.tls)
            compare(report, bench, targets, shape, settings, WANTED.get(shape.name))
    return report


def both(bench: Bench, settings: Settings, *options: str, tls: str = "") -> list[Target]:
    """wsproxy with these options, after that of another checkout where one is asked for."""
    targets = [bench.wsproxy(*options, tls=tls)]
    if settings.against:
        targets.insert(
            0, bench.wsproxy(*options, name="before", checkout=settings.against, tls=tls)
        )
    return targets


def compare(
    report: Report,
    bench: Bench,
    targets: list[Target],
    shape: Shape,
    settings: Settings,
    wanted: tuple[float | None, float | None, float | None] | None = None,
) -> None:
    """Measure targets in turns; a row for each, with its ratios to the first."""
    results = take_turns(bench, targets, shape, rounds=settings.rounds, seconds=settings.seconds)
    baseline = targets[0].name
    for name, rounds in results.items():
        found = medians(rounds)
        cells = [
            f"`{shape.name}`: {shape.title}" if name == baseline else "",
            name,
            f"{found.round_trips:,.0f}",
            f"{found.microseconds:.2f}",
            f"{found.p50:.2f}",
            f"{found.p99:.2f}",
            f"{found.memory / 1e6:.0f}",
        ]
        if name != baseline:
            of = ratios(rounds, results[baseline])
            judged = wanted if name == targets[-1].name and wanted else (None, None, None)
            cells += [
                verdict(of.round_trips, least=judged[0]),
                verdict(of.microseconds, most=judged[1]),
                verdict(of.p99, most=judged[2]),
            ]
        else:
            cells += ["", "", ""]
        report.add(*cells)
        _doubts(report, shape, name, found)


def _doubts(report: Report, shape: Shape, name: str, found: Result) -> None:
    if found.load_is_limit:
        report.remark(
            f"`{shape.name}`, {name}: the load was the limit ({found.load_busy:.0%} of its core,"
            f" {name} {found.busy:.0%} of its own): more round trips may be possible."
        )
    if found.others > 0.15:
        report.remark(
            f"`{shape.name}`, {name}: others used {found.others:.1f} cores of the machine:"
            " only the processor time says much."
        )
