"""Blocks give back exactly the frames that went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsproxy.errors import Side
from wsproxy.model.blocks import Block, Columns, dump_notes, parse_notes
from wsproxy.model.builder import BlockBuilder
from wsproxy.model.records import Direction, FrameRecord
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.lint import violation

CUT = Frame(1, bytes.fromhex("8105"), b"Hel", 5, 3)
KEPT_PART = Frame(2, bytes.fromhex("827e0100"), b"ab", 256, 256)
HALF_HEADER = Frame(1, bytes.fromhex("817e"), b"", 0, -1)
ODD = (violation("rsv-bits", "RSV2 set", Side.SERVER),)


def record(frame: Frame, connection: int = 1, **fields: object) -> FrameRecord:
    base = FrameRecord(connection, Direction.DOWNSTREAM, 2.5, frame, 1, ())
    return base._replace(**fields)  # type: ignore[arg-type]


RECORDS = [
    record(make_frame(1, b"Hello")),
    record(make_frame(1, b"Hello", masking_key=b"abcd"), 2, direction=Direction.UPSTREAM),
    record(make_frame(9, b""), message=None),
    record(make_frame(2, b"x" * 70000), 2, message=7),
    record(CUT),
    record(KEPT_PART),
    record(HALF_HEADER, message=None),
    record(make_frame(1, b"odd"), violations=ODD),
    record(make_frame(8, b"\x03\xe9"), message=None, origin="wsproxy"),
]


@given(st.lists(st.sampled_from(RECORDS)))
def test_round_trip(records: list[FrameRecord]) -> None:
    builder = BlockBuilder()
    for item in records:
        builder.add(item)
    block = builder.build()
    columns = Columns.unpack(block.count, block.columns.pack())
    again = Block(columns, [block.stored], [], parse_notes(dump_notes(block.notes)))
    assert [item for _, item in again.frames()] == records
    assert [item for _, item in again.frames(2)] == [r for r in records if r.connection_id == 2]
    assert list(columns.directions()) == [item.direction for item in records]
    assert len(builder) == 0


def test_ordinary_frames_need_no_notes() -> None:
    builder = BlockBuilder()
    builder.add(RECORDS[0])
    assert dump_notes(builder.build().notes) is None
