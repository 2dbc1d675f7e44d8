"""An addon that reads each message, in mitmdump and in wsproxy."""

from __future__ import annotations

from scripts.benchmarks.report import Report
from scripts.benchmarks.shapes import COLUMNS, SHAPES, Settings, both, compare
from scripts.benchmarks.targets import Bench

READS_EACH = """
seen = 0

def websocket_message(flow):
    global seen
    seen += len(flow.websocket.messages[-1].content)
"""

WANTED = {
    "small": (10.0, 0.1, 1.0),
    "pipelined": (10.0, 0.1, 1.0),
    "4k": (10.0, 0.1, 1.0),
    "256k": (5.0, 1.0, 1.0),
}
"""Round trips at least, processor time and p99 at most, as ratios to mitmdump."""


def addons(settings: Settings) -> Report:
    """an addon that reads each message, beside mitmdump"""
    report = Report("addons", COLUMNS)
    for shape in SHAPES:
        if shape.name not in (settings.shapes or WANTED) or shape.name not in WANTED:
            continue
        with Bench() as bench:
            script = bench.folder / "reads_each.py"
            script.write_text(READS_EACH)
            options = ("-s", str(script), *settings.options)
            targets = [bench.mitmdump(script), *both(bench, settings, *options)]
            compare(report, bench, targets, shape, settings, WANTED[shape.name])
    return report
