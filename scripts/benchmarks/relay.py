"""Relaying with a fault, beside nginx tunnelling."""

from __future__ import annotations

from scripts.benchmarks.harness import Bench, report, take_turns


def faulty() -> None:
    """128-byte messages on 128 connections, 1 ms late; wanted: 0.4 of nginx's round trips."""
    # What is measured is what a fault costs, not how long it waits: hence so short a time, and
    # enough connections to fill it.
    with Bench() as bench:
        fault = ("--fault", "latency:latency=1ms")
        targets = [bench.nginx(), bench.wsproxy(*fault, name="wsproxy latency")]
        report(take_turns(targets, size=128, connections=128), "nginx")
