"""The log: all of it, or a count of what is missing, and never in the way."""

from __future__ import annotations

import io
import json
import threading
import time
from dataclasses import replace

import pytest

from tests.support.fakes import FakeClock, connection
from tests.support.recording import batch_of, frame_chunks
from wsproxy.log.printer import BURST, LINES_A_SECOND, WAITING_BYTES, Jsonl, Pretty, Printer
from wsproxy.model.batches import Batch
from wsproxy.model.queries import Seen
from wsproxy.model.records import Direction, End
from wsproxy.payloads.sayings import Said
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


class Stalled(io.StringIO):
    """A terminal that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.asked.set()
        self.released.wait(20)
        return super().write(text)


def test_what_waits_for_a_slow_terminal_is_bounded_in_bytes() -> None:
    stream, clock = Stalled(), FakeClock()
    printer = Printer(Pretty(colour=False), clock, stream)
    printer.passed(batch(1, 1))
    assert stream.asked.wait(20)
    large = replace(batch(2, 1), weight=WAITING_BYTES // 4)
    for _ in range(10):
        printer.passed(large)
    assert printer._pending_bytes == WAITING_BYTES
    assert printer._queue.qsize() == 4
    stream.released.set()
    wait_for_printing(printer)
    assert printer._pending_bytes == 0
    printer.passed(batch(12, 1))
    printer.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 + 4 + 1 + 1
    assert lines[5] == "… 6 frames not shown here (the capture has them)"


def test_a_batch_larger_than_what_may_wait_is_printed_alone() -> None:
    stream = io.StringIO()
    printer = Printer(Pretty(colour=False), FakeClock(), stream)
    printer.passed(replace(batch(1, 1), weight=2 * WAITING_BYTES))
    printer.close()
    assert len(stream.getvalue().splitlines()) == 1


def test_connections_that_wait_for_a_slow_terminal_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wsproxy.log.printer.WAITING_JOBS", 6)
    stream, clock = Stalled(), FakeClock()
    printer = Printer(Jsonl(), clock, stream)
    printer.passed(batch(1, 1))
    assert stream.asked.wait(20)
    for number in range(1, 8):
        opened = replace(connection(), id=number, status=101)
        printer.connection_changed(opened)
        printer.connection_changed(replace(opened, closed=2.0, end=End("closed")))
    assert printer._queue.qsize() <= 6 + 4
    stream.released.set()
    printer.close()
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = {o["connection"] for o in objects if o["event"] == "connection"}
    assert objects[-1] == {"event": "left_out", "frames": 0, "connections": 7 - len(told)}
    assert 1 <= len(told) < 7


def test_nothing_waits_for_a_reader_that_has_left() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    printer = Printer(Pretty(colour=False), FakeClock(), Closed())
    printer.passed(batch(1, 1))
    printer._thread.join(20)
    printer.connection_changed(replace(connection(), status=101))
    assert printer._queue.empty()
    printer.close()


def test_a_line_that_cannot_be_made_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Fails(Pretty):
        def frame(self, seen: Seen, said: Said | None) -> str:
            if seen.id == 2:
                raise ZeroDivisionError
            return super().frame(seen, said)

    stream = io.StringIO()
    printer = Printer(Fails(colour=False), FakeClock(), stream)
    printer.passed(batch(1, 3))
    printer.passed(batch(4, 1))
    printer.close()
    assert len(stream.getvalue().splitlines()) == 3
    [record] = caplog.records
    assert record.getMessage() == "a line of the log is missing"
