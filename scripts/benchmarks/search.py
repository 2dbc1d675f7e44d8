"""Search in a large capture: seconds until the first hits and until all is looked at."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from scripts.benchmarks.report import Report, verdict
from scripts.benchmarks.shapes import Settings
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.recorder import CaptureRecorder

FRAMES = 1_000_000
SIZE = 200
FRAMES_A_BLOCK = 10_000
FILTERS = (
    "needle",
    "~b 'need[a-z]+ 9+5'",
    "~b error|warning",
    "~b '^.{3}price'",
    "~up & ~size >150",
    "~opcode 9",
    "~changed",
    "~u /chat/2 & ~b 'n.*x'",
)


class _Clock:
    def time(self) -> float:
        return time.time()

    def call_later(self, delay: float, callback: object) -> object:
        return lambda: None


def make(path: Path, frames: int, size: int) -> None:
    """A capture of text messages on 8 connections, one in 1,000 of which has the word needle."""
    recorder = CaptureRecorder(path, _Clock(), lambda call: None, limit=1 << 40)  # type: ignore[arg-type]
    for number in range(1, 9):
        record = ConnectionRecord(number, 1.0, "c:1", "ws://up", f"/chat/{number}", [], 101)
        recorder.connection_changed(record)
    out = BatchBuilder()
    first = 1
    for n in range(frames):
        word = b"needle" if n % 1000 == 500 else b"nothing"
        content = (b'{"price": %d, "%s": %d, "x": "' % (n, word, n)).ljust(size - 2, b"y") + b'"}'
        header = b"\x81\x7e" + len(content).to_bytes(2, "big")
        out.add_frame((n % 8 + 1) << 1 | n & 1, 1.0 + n / 1000, n, header, (content,), len(content))
        if len(out) == FRAMES_A_BLOCK:
            batch = out.build_batch(first)
            first += batch.block.count
            recorder.write(batch)
    if len(out):
        recorder.write(out.build_batch(first))
    recorder.close()


def longest_wait(stop: threading.Event, waits: list[float]) -> None:
    """Note how late this thread gets the interpreter, as a relay's loop would."""
    while not stop.is_set():
        before = time.perf_counter()
        time.sleep(0.001)
        waits.append(time.perf_counter() - before - 0.001)


def search(_: Settings) -> Report:
    """search in a capture of 1,000,000 frames of 200 bytes"""
    report = Report(
        "search",
        (
            "filter",
            "hits",
            "first hits, s",
            "all, s",
            "processor s",
            "interpreter held, ms at most",
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.wsproxy"
        make(path, FRAMES, SIZE)
        for source in FILTERS:
            browser = CaptureBrowser(path)
            stop, waits = threading.Event(), [0.0]
            watcher = threading.Thread(target=longest_wait, args=(stop, waits))
            watcher.start()
            start, cpu, found = time.perf_counter(), time.thread_time(), 0.0
            while not (page := browser.page(Query(filter=source), limit=100)).complete:
                found = found or (time.perf_counter() - start if page.total else 0.0)
            took = time.perf_counter() - start
            spent = time.thread_time() - cpu
            stop.set()
            watcher.join()
            browser.close()
            report.add(
                f"`{source.replace('|', chr(92) + '|')}`",
                f"{page.total:,}",
                verdict(found or took, most=0.2) if page.total else "",
                verdict(took, most=2.0),
                f"{spent:.2f}",
                f"{max(waits) * 1000:.1f}",
            )
    return report
