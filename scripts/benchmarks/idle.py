"""Memory of connections that say nothing."""

from __future__ import annotations

import time

from scripts.benchmarks.harness import LOAD_CORE, Bench, process, python, resident_bytes

CONNECTIONS = 2000


def idle() -> None:
    """2,000 open connections; wanted: under 25 KiB each."""
    with Bench() as bench:
        target = bench.wsproxy()
        before = resident_bytes(target.pid)
        command = python(
            "scripts.benchmarks.load",
            "load",
            *("--port", str(target.port)),
            *("--connections", str(CONNECTIONS)),
            *("--seconds", "3", "--silent"),
        )
        with process(command, LOAD_CORE) as load:
            assert load.stdout is not None
            load.stdout.readline()
            time.sleep(1)
            after = resident_bytes(target.pid)
    each = (after - before) / CONNECTIONS / 1024
    print(f"  {CONNECTIONS:,} idle connections: {each:.1f} KiB each")
