"""Relaying with full capture, beside nginx tunnelling: small messages, and large ones."""

from __future__ import annotations

from scripts.benchmarks.harness import Bench, report, take_turns


def small() -> None:
    """128-byte messages on 64 connections; wanted: 0.9 of nginx's round trips, 1.5 of its time."""
    with Bench() as bench:
        targets = [bench.nginx(), bench.wsproxy()]
        report(take_turns(targets, size=128, connections=64), "nginx")


def large() -> None:
    """256 KiB messages on 8 connections; wanted: nginx's throughput.

    Twice: with all of each payload written to the capture, and with 1 KiB of it.
    """
    with Bench() as bench:
        targets = [
            bench.nginx(),
            bench.wsproxy(),
            bench.wsproxy("--max-payload", "1KiB", name="wsproxy 1 KiB kept"),
        ]
        report(take_turns(targets, size=256 * 1024, connections=8), "nginx")


def faulty() -> None:
    """128-byte messages on 128 connections, 1 ms late; wanted: 0.4 of nginx's round trips."""
    # What is measured is what a fault costs, not how long it waits: hence so short a time, and
    # enough connections to fill it.
    with Bench() as bench:
        fault = ("--fault", "latency:latency=1ms")
        targets = [bench.nginx(), bench.wsproxy(*fault, name="wsproxy latency")]
        report(take_turns(targets, size=128, connections=128), "nginx")
