"""What faults did, as lines and as objects, in the order it happened."""

from __future__ import annotations

from wsproxy.model.queries import Seen
from wsproxy.model.records import Direction, FaultRecord, FrameRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.render.jsonl import fault_object
from wsproxy.render.order import in_order
from wsproxy.render.pretty import fault_line

DROPPED = FaultRecord(3, Direction.DOWNSTREAM, 7.0, "lossy", "drop", 5, "dropped", b"gone", b"")
CUT = FaultRecord(3, Direction.UPSTREAM, 7.0, "reset", "reset", None, "connection reset")
REFUSED = FaultRecord(3, None, 7.0, "refuse", "refuse", None, "answered with 503")
BYTES = FaultRecord(3, Direction.UPSTREAM, 7.0, "x", "x", 1, "bytes", b"\x81\x00\x1b", b"\x81")


def test_lines() -> None:
    lines = [fault_line(record).split(" ", 1)[1] for record in (DROPPED, CUT, REFUSED, BYTES)]
    assert lines == [
        "#3 <- FAULT lossy (drop) message 5 dropped gone => nothing",
        "#3 -> FAULT reset connection reset",
        "#3 -- FAULT refuse answered with 503",
        "#3 -> FAULT x message 1 bytes <81[001b]> => <81[]>",
    ]


def test_nothing_steers_the_terminal() -> None:
    record = DROPPED._replace(name="\x1b[31m", detail="\x1b[2J", before=b"\x1b[0m")
    assert "\x1b" not in fault_line(record)


def test_object() -> None:
    assert fault_object(DROPPED) == {
        "event": "fault",
        "time": 7.0,
        "connection": 3,
        "direction": "downstream",
        "name": "lossy",
        "type": "drop",
        "message": 5,
        "detail": "dropped",
        "before_text": "gone",
        "after_text": "",
    }
    assert fault_object(REFUSED)["direction"] is None


def test_a_fault_is_told_after_its_frame() -> None:
    def frame(time: float) -> FrameRecord:
        return FrameRecord(3, Direction.DOWNSTREAM, time, make_frame(1, b""), 1, ())

    told = list(
        in_order([Seen(1, frame(6.0)), Seen(2, frame(7.0)), Seen(3, frame(8.0))], [DROPPED])
    )
    assert [each.id if isinstance(each, Seen) else each for each in told] == [
        *(1, 2),
        DROPPED,
        3,
    ]


def test_what_was_cut_off_is_marked() -> None:
    cut = FaultRecord(
        3, Direction.UPSTREAM, 7.0, "half", "truncate", 1, "cut", b"a" * 99, b"a" * 90
    )
    before, _, after = fault_line(cut).partition(" => ")
    assert before.endswith("a[aaaaaaaaa]")
    assert after.endswith("a[]")
