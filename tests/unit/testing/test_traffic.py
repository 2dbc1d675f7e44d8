"""What tests see of the traffic, and how they wait for it."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.fakes import connection
from tests.support.recording import batch_of, frame_chunks
from wsproxy.filters.language import FilterError
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.records import Direction, FaultRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.testing.traffic import SeenList, Tape

KEY = b"\0\0\0\0"


def passes(tape: Tape, direction: Direction, *frames: bytes) -> None:
    tape.passed(batch_of(*frame_chunks(direction, *frames)))


def test_messages_and_control_frames() -> None:
    tape = Tape()
    tape.connection_changed(connection())
    passes(tape, Direction.UPSTREAM, make_frame(1, b'{"op": 1}', masking_key=KEY).wire)
    passes(
        tape,
        Direction.DOWNSTREAM,
        make_frame(1, b"two ", fin=False).wire,
        make_frame(9, b"ping").wire,
        make_frame(0, b"pieces").wire,
    )
    assert [str(seen) for seen in tape.seen] == [
        '#1 -> text {"op": 1}',
        "#1 <- ping <70696e67>",
        "#1 <- text two pieces",
    ]
    assert len(tape.frames) == 4
    seen = SeenList(tape.seen)
    assert seen.where("~up")[0].json() == {"op": 1}
    assert seen.where("~u /chat & ~text").texts == ['{"op": 1}', "two pieces"]
    assert [each.is_control for each in tape.seen] == [False, True, False]
    with pytest.raises(FilterError):
        seen.where("~nope")


def test_strikes() -> None:
    tape = Tape()
    record = FaultRecord(1, Direction.UPSTREAM, 1.0, "drop", "drop")
    out = BatchBuilder()
    out.add_fault(record)
    tape.passed(out.build_batch(1))
    assert tape.faults == [record]


async def test_waiting() -> None:
    tape = Tape()
    waiting = asyncio.create_task(tape.wait_for("~b hello", 5.0, 2))
    for number in range(3):
        await asyncio.sleep(0)
        assert not waiting.done()
        frame = make_frame(1, b"hello" if number != 1 else b"other").wire
        passes(tape, Direction.DOWNSTREAM, frame)
    assert (await waiting).content == b"hello"
    assert (await tape.wait_for("other", 5.0, 1)).text == "other"  # it has passed already


async def test_waiting_in_vain() -> None:
    tape = Tape()
    with pytest.raises(TimeoutError, match="within 0 s; nothing passed at all"):
        await tape.wait_for("~b hello", 0.0, 1)
    passes(tape, Direction.DOWNSTREAM, make_frame(1, b"other").wire)
    with pytest.raises(TimeoutError, match="of 1 that did, the last: #1 <- text other"):
        await tape.wait_for("~b hello", 0.0, 1)
