"""Search in a large capture: seconds until the first hits and until all is looked at.

    .venv/bin/python -m scripts.benchmarks.search [--frames 1000000] [--size 200]

Says also how long a search held the interpreter at a time, which is what others feel of it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from wsproxy.model.batches import BatchBuilder
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.recorder import CaptureRecorder

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.wsproxy"
        start = time.perf_counter()
        make(path, options.frames, options.size)
        print(f"{options.frames:,} frames of {options.size} bytes made and written in"
              f" {time.perf_counter() - start:.1f} s", file=sys.stderr)  # fmt: skip
        print(f"{'filter':32} {'hits':>9} {'first s':>8} {'all s':>7} {'cpu s':>7} {'held ms':>8}")
        for source in FILTERS:
            browser = CaptureBrowser(path)
            stop, waits = threading.Event(), [0.0]
            watcher = threading.Thread(target=longest_wait, args=(stop, waits))
            watcher.start()
            start, cpu, found = time.perf_counter(), time.thread_time(), 0.0
            while not (page := browser.page(Query(filter=source), limit=100)).complete:
                found = found or (time.perf_counter() - start if page.total else 0.0)
            took = time.perf_counter() - start
            stop.set()
            watcher.join()
            high = statistics.quantiles(waits, n=1000)[-1] if len(waits) > 1 else waits[0]
            print(f"{source:32} {page.total:>9,} {found or took:>8.2f} {took:>7.2f}"
                  f" {time.thread_time() - cpu:>7.2f} {max(waits) * 1000:>8.1f}"
                  f" (p99.9 {high * 1000:.1f})")  # fmt: skip
            browser.close()


if __name__ == "__main__":
    main()
