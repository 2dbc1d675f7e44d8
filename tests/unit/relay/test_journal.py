"""The journal keeps everything, in order."""

from __future__ import annotations

from wsproxy.model.records import Direction, FaultRecord, FrameRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.journal import Journal


def test_chunks_and_records_come_out_in_the_order_they_went_in() -> None:
    journal = Journal()
    up, down = StreamDecoder(1, Direction.UPSTREAM), StreamDecoder(1, Direction.DOWNSTREAM)
    journal.chunks.append((up, 1.0, make_frame(1, b"a", masking_key=b"abcd").wire))
    journal.chunks.append((down, 2.0, make_frame(1, b"b").wire + make_frame(10, b"").wire))
    made = FrameRecord(1, Direction.UPSTREAM, 3.0, make_frame(8, b""), None, (), "wsproxy")
    journal.add([made])
    drained = journal.take()
    assert drained is not None
    records = [record for _, record in drained.block.frames()]
    assert [(r.time, r.frame.opcode) for r in records] == [(1.0, 1), (2.0, 1), (2.0, 10), (3.0, 8)]
    assert records[3] == made
    assert journal.take() is None


def test_what_is_taken_is_counted_in_bytes() -> None:
    journal = Journal()
    data = make_frame(1, b"Hello").wire
    journal.chunks.append((StreamDecoder(1, Direction.DOWNSTREAM), 1.0, data))
    journal.drain()
    assert journal.size == len(data)
    journal.take()
    assert journal.size == 0


def test_messages_and_faults_come_along() -> None:
    journal = Journal()
    decoder = StreamDecoder(1, Direction.DOWNSTREAM)
    fragments = make_frame(1, b"a", fin=False).wire + make_frame(0, b"b").wire
    journal.chunks.append((decoder, 1.0, fragments))
    fault = FaultRecord(1, Direction.DOWNSTREAM, 1.0, "slow", "latency")
    journal.add_fault(fault)
    drained = journal.take()
    assert drained is not None
    assert [message.content for message in drained.messages] == [b"ab"]
    assert drained.faults == [fault]
