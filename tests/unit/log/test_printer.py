"""The log: all of it, or a count of what is missing, and never in the way."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace

from tests.support.fakes import FakeClock, connection
from tests.support.recording import batch_of, frame_chunks
from wsproxy.log.printer import BURST, LINES_A_SECOND, Jsonl, Pretty, Printer
from wsproxy.model.batches import Batch
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import make_frame


def batch(first_id: int, count: int) -> Batch:
    frames = frame_chunks(Direction.DOWNSTREAM, *[make_frame(1, b"x").wire] * count)
    return replace(batch_of(*frames), first_id=first_id)


def wait_for_printing(printer: Printer) -> None:
    deadline = time.monotonic() + 20
    while printer._pending and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not printer._pending


def test_frames_and_connections_in_order() -> None:
    stream = io.StringIO()
    printer = Printer(Jsonl(), FakeClock(), stream)
    opened = connection()
    opened.status = 101
    printer.connection_changed(opened)
    printer.passed(batch(5, 2))
    printer.close()
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(o["event"], o.get("id")) for o in objects] == [
        ("connection", None),
        ("frame", 5),
        ("frame", 6),
    ]


def test_what_is_too_much_is_counted() -> None:
    stream = io.StringIO()
    clock = FakeClock()
    printer = Printer(Pretty(colour=False), clock, stream)
    printer.passed(batch(1, BURST + 30))
    printer.passed(batch(BURST + 31, 12))
    wait_for_printing(printer)
    clock.advance(1.0)
    printer.passed(batch(BURST + 43, 1))
    printer.passed(batch(BURST + 44, LINES_A_SECOND * 30))
    printer.close()
    lines = stream.getvalue().splitlines()
    missing = [line for line in lines if line.startswith("…")]
    assert missing[0] == "… 42 frames not shown here (the capture has them)"
    assert len(missing) == 2
    shown = len(lines) - len(missing)
    left_out = sum(int(line.split()[1].replace(",", "")) for line in missing)
    assert shown + left_out == BURST + 30 + 12 + 1 + LINES_A_SECOND * 30


def test_nobody_listens_any_more() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    printer = Printer(Pretty(colour=False), FakeClock(), Closed())
    printer.passed(batch(1, 1))
    printer.close()
    assert not printer._thread.is_alive()
