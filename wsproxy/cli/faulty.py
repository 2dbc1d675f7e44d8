"""Faults as the command line asks for them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from wsproxy.faults.control import FaultSet
from wsproxy.faults.oneline import parse_line
from wsproxy.faults.spec import Spec
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import InFlightSayings


def fault_set(
    lines: tuple[str, ...],
    scenario: Path | None,
    seed: int | None,
    rules: Sequence[DecodeRule] = (),
) -> FaultSet:
    """The faults of --faults and --fault, in this order; --seed goes before the file's. `rules`
    are those of --decode.

    Raises FaultError.
    """
    specs: list[Spec] = []
    if scenario is not None:
        from wsproxy.faults.scenario import load  # it loads YAML, which most runs do not need

        loaded = load(scenario)
        specs += loaded.faults
        seed = loaded.seed if seed is None else seed
    for line in lines:
        specs.append(parse_line(line, {spec.name for spec in specs}))
    if seed is None:
        seed = secrets.randbelow(2**31)
    sayings = InFlightSayings(rules)
    return FaultSet(seed, time.time, specs, sayings)  # noqa: TID251 - this is where it is handed in


def shown(faults: FaultSet) -> list[str]:
    """What is in force, for those who start the proxy."""
    lines = [f"fault {named.spec.explain()}" for named in faults.current]
    return [*lines, f"seed: {faults.seed}"] if lines else []
