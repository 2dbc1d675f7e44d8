"""Exports of a large capture: the most memory and the processor time that each takes.

    .venv/bin/python -m scripts.benchmarks.exports [--gib 5] [--format pcapng ...]

The capture has messages of 64 KiB, on 8 connections, one in four of them fragmented and one in 50
changed on its way. It takes as much room on the disk as it is large, in the folder for temporary
files.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from queue import SimpleQueue

from tests.support.big import START, StillClock
from tests.support.recording import Recording
from wsproxy.formats.registry import EXPORTS
from wsproxy.model.records import ConnectionRecord, Direction, MessageRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder

SIZE = 64 * 1024
GIB = 1024**3


def make(path: Path, size: int) -> None:
    """A capture of about `size` bytes."""
    told: SimpleQueue[object] = SimpleQueue()
    recording = Recording(path, 1 << 40, clock=StillClock(), call_soon=told.put)  # type: ignore[arg-type]
    decoders = {}
    for number in range(1, 9):
        record = ConnectionRecord(
            recording.next_connection_id(), START, f"127.0.0.1:{number}", "ws://up", "/", [], 101
        )
        recording.connection_changed(record)
        decoders[number] = StreamDecoder(number, Direction.DOWNSTREAM)
    content = os.urandom(SIZE)
    whole = make_frame(2, content).wire
    cut = make_frame(2, content[:100], fin=False).wire + make_frame(0, content[100:]).wire
    counts = dict.fromkeys(decoders, 0)
    for n in range(size // SIZE):
        number = n % 8 + 1
        counts[number] += 1
        wire = cut if n % 4 == 0 else whole
        time = START + n / 1000
        recording.journal.chunks.append((decoders[number], time, wire))
        if n % 50 == 1:
            key = (number, Direction.DOWNSTREAM, counts[number])
            recording.journal.out.add_message(
                MessageRecord(*key, time, 2, content, SIZE, SIZE, verdict="changed", sent=b"x")
            )
        if n % 64 == 63:
            recording.flush()
            while recording.recorder._waiting > 1 << 24:
                told.get()()  # type: ignore[operator]
    recording.close()


def measure(path: Path, form: str) -> tuple[float, float]:
    """The most memory in MiB, and seconds of processor time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wsproxy", "export", str(path), "--format", form, "-o", "-"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, form
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmarks.exports")
    parser.add_argument("--gib", type=float, action="append", help="size of the capture (0.25, 5)")
    parser.add_argument("--format", action="append", choices=EXPORTS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for gib in args.gib or [0.25, 5]:
            path = Path(folder) / f"{gib:g}.wsproxy"
            make(path, int(gib * GIB))
            for form in args.format or EXPORTS:
                memory, seconds = measure(path, form)
                print(f"{gib:g} GiB as {form}: {memory:.0f} MiB, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
