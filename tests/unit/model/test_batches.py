"""Batches: what they weigh."""

from __future__ import annotations

from wsproxy.model.batches import BatchBuilder
from wsproxy.model.records import Direction, FaultRecord, MessageRecord


def test_contents_of_messages_and_strikes_weigh() -> None:
    builder = BatchBuilder()
    key = (1, Direction.UPSTREAM)
    builder.add_message(
        MessageRecord(*key, 1, 1.0, 2, bytes(10_000), 10_000, 10_000, sent=bytes(20_000))
    )
    builder.add_fault(
        FaultRecord(*key, 1.0, "slow", "replace", 1, "", bytes(30_000), bytes(40_000))
    )
    assert 100_000 < builder.build_batch(1).weight < 110_000
