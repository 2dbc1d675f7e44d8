"""`python -m scripts.benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import os
import platform

from scripts.benchmarks.idle import idle
from scripts.benchmarks.relay import faulty, large, small

BENCHMARKS = {"relay": small, "large": large, "faulty": faulty, "idle": idle}


def main() -> None:
    names = "\n".join(f"  {name:8} {run.__doc__}" for name, run in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        epilog=f"benchmarks:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="*", choices=[[], *BENCHMARKS], default=[])
    chosen = parser.parse_args().name or list(BENCHMARKS)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    for name in chosen:
        print(f"\n{name}: {BENCHMARKS[name].__doc__}", flush=True)
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
