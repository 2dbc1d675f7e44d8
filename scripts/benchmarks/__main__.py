"""`python -m scripts.benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks.addons import addons
from scripts.benchmarks.beside import floods, searching, trimming
from scripts.benchmarks.faulty import faulty
from scripts.benchmarks.fleet import fleet
from scripts.benchmarks.idle import idle, start
from scripts.benchmarks.machine import machine, warm_memory
from scripts.benchmarks.pages import pages
from scripts.benchmarks.report import Report, write
from scripts.benchmarks.scrolling import page
from scripts.benchmarks.search import search
from scripts.benchmarks.shapes import SHAPES, Settings, shapes

BENCHMARKS: dict[str, Callable[[Settings], Report]] = {
    "shapes": shapes,
    "addons": addons,
    "faulty": faulty,
    "pages": pages,
    "idle": idle,
    "start": start,
    "search": search,
    "searching": searching,
    "floods": floods,
    "trimming": trimming,
    "page": page,
    "fleet": fleet,
}


BUSY = 1.0
"""Load of the machine, before anything is measured, above which figures say so."""

LONG = frozenset({"fleet", "page"})
"""Left out of a quick run, unless asked for by name."""


def main() -> None:
    names = "\n".join(f"  {name:10} {run.__doc__}" for name, run in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=f"Benchmarks, side by side with what they are compared to:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="*", choices=[[], *BENCHMARKS], default=[])
    parser.add_argument("--quick", action="store_true", help="all in under five minutes")
    parser.add_argument("--rounds", type=int, help="rounds that count (5; quick 2)")
    parser.add_argument("--seconds", type=float, help="of each round (3; quick 0.8)")
    parser.add_argument(
        "--shape",
        action="append",
        choices=[shape.name for shape in SHAPES],
        default=[],
        help="only this shape; may be repeated",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="measure wsproxy of another checkout (with its .venv) in the same rounds",
    )
    parser.add_argument("--haproxy", action="store_true", help="also where it is --quick")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="--OPTION[=VALUE]",
        help="pass this on to wsproxy run; may be repeated",
    )
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    args = parser.parse_args()
    settings = Settings(
        rounds=args.rounds or (2 if args.quick else 5),
        seconds=args.seconds or (0.8 if args.quick else 3.0),
        shapes=tuple(args.shape),
        against=args.against.resolve() if args.against else None,
        haproxy=args.haproxy or not args.quick,
        options=tuple(args.option),
    )
    busy = os.getloadavg()[0]
    print(f"{machine()}; warming memory", flush=True)
    warm_memory()
    chosen = args.name or [name for name in BENCHMARKS if not (args.quick and name in LONG)]
    reports = [BENCHMARKS[name](settings) for name in chosen]
    if args.write:
        medians = f"Medians of {settings.rounds} rounds" if settings.rounds > 1 else "One round"
        rounds = f"{medians} of {settings.seconds:g} seconds"
        others = f" Others used the machine, too (load {busy:.0f})." if busy > BUSY else ""
        write(reports, f"{rounds}; {machine()}.{others}")


if __name__ == "__main__":
    main()
