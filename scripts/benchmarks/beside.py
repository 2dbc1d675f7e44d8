"""How long an echo on another connection waits beside a search, trimming, and floods."""

from __future__ import annotations

import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from scripts.benchmarks.flooding import FLOODS, REPEATED, TRIMMED
from scripts.benchmarks.machine import LOAD_CORE, memory_bytes, process, python, settle
from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.search import make
from scripts.benchmarks.shapes import Settings
from scripts.benchmarks.streams import Shape
from scripts.benchmarks.targets import TOKEN, Bench, Target

ECHO = Shape("echo", 128, 1)
FRAMES = 1_000_000
SEARCHES = ("needle", "~b '^.{3}price'", "~u /chat/2 & ~b 'n.*x'", "~up & ~size >150")
LONGEST_BESIDE_A_SEARCH = 20.0
LONGEST_BESIDE_A_FLOOD = 100.0
LONGEST_BESIDE_TRIMMING = 50.0
"""Milliseconds."""

COLUMNS = ("beside", "echoes", "p50 ms", "p99 ms", "p99.9 ms", "longest ms", "MB at most")


def searching(_: Settings) -> Report:
    """an echo beside a search in a capture of 1,000,000 frames"""
    report = Report("searching", COLUMNS)
    with Bench() as bench:
        make(bench.folder / "wsproxy.wsproxy", FRAMES, 200)
        target = bench.wsproxy()
        settle(target.pid)
        _row(report, bench, target, "nothing")
        for source in SEARCHES:
            work = partial(_search, target, source)
            _row(report, bench, target, f"`{source}`", work, LONGEST_BESIDE_A_SEARCH)
    return report


def floods(settings: Settings) -> Report:
    """an echo beside what one peer sends"""
    report = Report("floods", COLUMNS)
    for name in FLOODS:
        if settings.rounds < 5 and name in REPEATED:
            continue  # it takes a while
        with Bench() as bench:
            target = bench.wsproxy()
            _row(report, bench, target, name, partial(_flood, target, name), LONGEST_BESIDE_A_FLOOD)
    return report


def trimming(_: Settings) -> Report:
    """an echo while the capture is trimmed all the time"""
    report = Report("trimming", (*COLUMNS, "MB on disk"))
    for name, limit in TRIMMED.items():
        with Bench() as bench:
            target = bench.wsproxy("--capture-limit", limit)
            work = partial(_flood, target, name)
            capture = bench.folder / "wsproxy.wsproxy"
            _row(
                *(report, bench, target, f"{name}, `--capture-limit {limit}`", work),
                *(LONGEST_BESIDE_TRIMMING, capture),
            )
    return report


def _row(
    report: Report,
    bench: Bench,
    target: Target,
    name: str,
    work: Callable[[], object] = lambda: None,
    most: float | None = None,
    capture: Path | None = None,
) -> None:
    """Echo for a second at least, and while `work` goes on in a thread."""
    bench.open(target, ECHO)
    bench.tell("run", seconds=0.3)
    doing = threading.Thread(target=work)
    answers: list[dict[str, Any]] = []
    doing.start()
    while doing.is_alive() or not answers:
        answers.append(bench.tell("run", seconds=1.0))
    settle(target.pid)
    bench.tell("close")
    report.add(
        name,
        f"{sum(int(answer['round_trips']) for answer in answers):,}",
        *(f"{max(answer[key] for answer in answers):.2f}" for key in ("p50", "p99", "p999")),
        verdict(max(answer["max"] for answer in answers), most=most),
        f"{memory_bytes(target.pid, 'VmHWM') / 1e6:.0f}",
        *([] if capture is None else [f"{_size(capture) / 1e6:.1f}"]),
    )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _search(target: Target, source: str) -> None:
    query = urllib.parse.urlencode({"filter": source, "offset": -50, "limit": 50})
    request = urllib.request.Request(
        f"{target.api}/frames?{query}", headers={"X-Wsproxy-Token": TOKEN}
    )
    while True:
        with urllib.request.urlopen(request, timeout=60) as answer:
            if json.load(answer)["complete"]:
                return


def _flood(target: Target, name: str) -> None:
    with process(python("scripts.benchmarks.flooding", str(target.port), name), LOAD_CORE) as child:
        assert child.stdout is not None
        child.stdout.read()
