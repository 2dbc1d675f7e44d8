"""`python -m scripts.benchmarks [NAME ...]`."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks import fleet
from scripts.benchmarks.idle import idle
from scripts.benchmarks.machine import warm_memory
from scripts.benchmarks.relay import faulty
from scripts.benchmarks.shapes import SHAPES, relay


def shapes(args: argparse.Namespace) -> None:
    """relaying with a capture, beside nginx, on every shape of traffic"""
    for shape in SHAPES:
        if not args.shape or shape.name in args.shape:
            relay(
                shape,
                rounds=args.rounds,
                seconds=args.seconds,
                against=args.against,
                haproxy=args.haproxy,
                options=tuple(args.option),
            )


def in_fleet(args: argparse.Namespace) -> None:
    """an instance with the fleet off and on, and a view that follows three instances"""
    fleet.cost(rounds=args.rounds, seconds=args.seconds, only=args.shape)
    fleet.follow(seconds=args.seconds)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], None]] = {
    "shapes": shapes,
    "fleet": in_fleet,
    "faulty": lambda _: faulty(),
    "idle": lambda _: idle(),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("name", nargs="*", choices=[[], *BENCHMARKS], default=[])
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (3)")
    parser.add_argument(
        "--shape",
        action="append",
        choices=[shape.name for shape in SHAPES],
        help="only this shape; may be repeated",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="measure wsproxy of another checkout (with its .venv) in the same rounds",
    )
    parser.add_argument("--haproxy", action="store_true", help="measure haproxy, too")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="--OPTION[=VALUE]",
        help="pass this on to wsproxy run; may be repeated",
    )
    args = parser.parse_args()
    if args.against:
        args.against = args.against.resolve()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, warming memory", flush=True)
    warm_memory()
    for name in args.name or BENCHMARKS:
        BENCHMARKS[name](args)


if __name__ == "__main__":
    main()
