"""Relaying with a capture, beside nginx tunnelling, on every shape of traffic."""

from __future__ import annotations

from pathlib import Path

from scripts.benchmarks.rounds import Result, medians, ratios, take_turns
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench

SHAPES = (
    Shape("small", 128, 64),
    Shape("pipelined", 128, 16, 32),
    Shape("bursts", 128, 16, 32, burst=True),
    Shape("4k", 4096, 16, 8),
    Shape("256k", 256 * 1024, 4, 2),
    Shape("deflate", 1024, 16, 8, deflate=True),
)

WANTED = {
    "small": (1.0, 1.3, 1.5),
    "pipelined": (0.9, 1.3, 1.5),
    "4k": (0.9, 1.3, 1.5),
    "256k": (1.0, 1.0, 1.5),
    "deflate": (0.6, 2.0, 2.0),
}
"""Round trips at least, processor time and p99 at most, as ratios to nginx."""


def relay(
    shape: Shape,
    *,
    rounds: int,
    seconds: float,
    against: Path | None = None,
    haproxy: bool = False,
    options: tuple[str, ...] = (),
) -> None:
    """Measure one shape and print it."""
    with Bench() as bench:
        targets = [bench.nginx()]
        if haproxy:
            targets.append(bench.haproxy())
        if against:
            targets.append(bench.wsproxy(*options, name="before", checkout=against))
        targets.append(bench.wsproxy(*options))
        results = take_turns(bench, targets, shape, rounds=rounds, seconds=seconds)
    print_results(shape, results)
    _print_verdict(shape, ratios(results["wsproxy"], results["nginx"]))


def print_results(shape: Shape, results: dict[str, list[Result]]) -> None:
    """A line for each target: its medians, and its ratios to the first."""
    print(f"\n{shape.name}: {shape.title}")
    print(
        f"  {'':10} {'trips/s':>9} {'us/msg':>8} {'p50 ms':>8} {'p99 ms':>8} {'MB':>6}"
        f" {'core':>6} {'load':>6}   trips  time   p50   p99"
    )
    baseline = next(iter(results.values()))
    for name, rounds in results.items():
        found = medians(rounds)
        line = (
            f"  {name:10} {found.round_trips:9,.0f} {found.microseconds:8.2f} {found.p50:8.2f}"
            f" {found.p99:8.2f} {found.memory / 1e6:6.0f} {found.busy:6.0%} {found.load_busy:6.0%}"
        )
        if rounds is not baseline:
            of = ratios(rounds, baseline)
            line += f"   {of.round_trips:5.2f} {of.microseconds:5.2f} {of.p50:5.2f} {of.p99:5.2f}"
        if found.load_is_limit:
            line += "   (the load was the limit: more round trips may be possible)"
        if found.others > 0.15:
            line += f"   (others used {found.others:.1f} cores: only the processor time says much)"
        print(line, flush=True)
    if "before" in results:
        of = ratios(results["wsproxy"], results["before"])
        print(
            f"  wsproxy / before: {of.round_trips:.2f} of its round trips,"
            f" {of.microseconds:.2f} of its processor time, p99 {of.p99:.2f}",
            flush=True,
        )


def _print_verdict(shape: Shape, of: Result) -> None:
    if shape.name not in WANTED:
        return
    trips, time, p99 = WANTED[shape.name]
    verdicts = (
        f"round trips {of.round_trips:.2f} (wanted {trips}: {_met(of.round_trips >= trips)})",
        f"time {of.microseconds:.2f} (at most {time}: {_met(of.microseconds <= time)})",
        f"p99 {of.p99:.2f} (at most {p99}: {_met(of.p99 <= p99)})",
    )
    print(f"  {', '.join(verdicts)}", flush=True)


def _met(met: bool) -> str:
    return "met" if met else "MISSED"
