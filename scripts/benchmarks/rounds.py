"""Rounds in turns, their medians, and ratios to a baseline."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from scripts.benchmarks.machine import (
    machine_seconds,
    memory_bytes,
    processor_seconds,
    settle,
)
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import Bench, Target

BUSY = 0.95
"""Share of a core from which the load has no time left."""
IDLE = 0.9
"""Share of a core below which the target still had time."""


@dataclass(frozen=True)
class Result:
    """One round; of several, the medians."""

    round_trips: float
    """A second."""
    microseconds: float
    """Processor time of the target for each message; a round trip is two messages."""
    p50: float
    """Milliseconds a round trip."""
    p99: float
    memory: float
    """The most bytes that the target has held so far."""
    busy: float
    """Share of a core that the target used."""
    load_busy: float
    """Share of a core that the load used."""

    others: float
    """Cores that the rest of the machine used."""

    @property
    def load_is_limit(self) -> bool:
        return self.load_busy > BUSY and self.busy < IDLE


NAMES = tuple(Result.__dataclass_fields__)


def measure(bench: Bench, target: Target, shape: Shape, seconds: float) -> Result:
    """Load a target for some seconds."""
    bench.open(target, shape)
    before = processor_seconds(target.pid)
    machine = machine_seconds()
    answer = bench.tell("run", seconds=seconds)
    machine = (machine_seconds() - machine) / answer["seconds"]
    during = processor_seconds(target.pid) - before
    settle(target.pid)  # what is still to be written belongs to it
    spent = processor_seconds(target.pid) - before
    bench.tell("close")
    done = answer["round_trips"]
    return Result(
        round_trips=done / answer["seconds"],
        microseconds=spent / done / 2 * 1e6,
        p50=answer["p50"],
        p99=answer["p99"],
        memory=memory_bytes(target.pid, "VmHWM"),
        busy=during / answer["seconds"],
        load_busy=answer["busy"],
        others=max(0.0, machine - during / answer["seconds"] - answer["busy"]),
    )


def take_turns(
    bench: Bench, targets: list[Target], shape: Shape, *, rounds: int, seconds: float
) -> dict[str, list[Result]]:
    """Load each target in turn, after a shorter round that does not count.

    Every other round goes the other way, so that nobody always runs after the same one.
    """
    results: dict[str, list[Result]] = {target.name: [] for target in targets}
    for number in range(rounds + 1):
        for target in targets if number % 2 else reversed(targets):
            result = measure(bench, target, shape, seconds if number else min(seconds, 1.0))
            time.sleep(0.1)
            if number:
                results[target.name].append(result)
    return results


def medians(results: list[Result]) -> Result:
    """The median of each figure."""
    return Result(**{name: statistics.median(getattr(r, name) for r in results) for name in NAMES})


def ratios(results: list[Result], baseline: list[Result]) -> Result:
    """The median of each figure's ratios to the baseline's, round by round."""
    pairs = list(zip(results, baseline, strict=True))
    return Result(
        **{
            name: statistics.median(
                getattr(ours, name) / (getattr(theirs, name) or 1) for ours, theirs in pairs
            )
            for name in NAMES
        }
    )
