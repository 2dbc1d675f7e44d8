"""The same seed and the same traffic give the same faults, however the bytes arrive."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from tests.support.fakes import FakeClock, FakeRecorder, FakeTransport, connection
from wsproxy.faults.control import FaultSet
from wsproxy.model.records import Direction, FaultRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.journal import Journal
from wsproxy.relay.session import Session

MIXED: list[dict[str, Any]] = [
    {"type": "latency", "latency": "200ms", "jitter": "100ms", "direction": "both"},
    {"type": "drop", "probability": 0.1, "direction": "both"},
    {"type": "duplicate", "probability": 0.1, "direction": "both"},
    {"type": "corrupt", "probability": 0.1, "count": 3, "direction": "both"},
    {"type": "reorder", "window": 3, "match": "~b 7", "direction": "both"},
    {"type": "replace", "pattern": "9", "replacement": "nine", "probability": 0.5},
    {"type": "fragment", "probability": 0.1, "frames": 4, "direction": "both"},
    {"type": "slicer", "probability": 0.05, "size": 5, "variation": 3, "direction": "both"},
]


async def conversation(seed: int, cuts: int) -> tuple[list[FaultRecord], bytes, bytes]:
    """1,000 messages, cut into chunks at random places: the fault records, and what arrived."""
    clock, recorder = FakeClock(), FakeRecorder()
    client, server = FakeTransport(), FakeTransport()
    journal = Journal(clock, recorder)
    session = Session(connection(), client, server, journal, clock)
    faults = FaultSet(seed, clock.time)
    faults.populate(MIXED)
    record = session.connection
    chains = [faults.chain(record, d, journal.add_fault) for d in Direction]
    session.intercept([], chains)
    traffic = {
        direction: b"".join(
            make_frame(
                1, b"message %d" % number, masking_key=None if direction else b"\0\0\0\0"
            ).wire
            for number in range(500)
        )
        for direction in Direction
    }
    random = Random(cuts)
    while any(traffic.values()):
        direction = random.choice([d for d in Direction if traffic[d]])
        size = random.randint(1, 400)
        session.lanes[direction].bytes_received(traffic[direction][:size])
        traffic[direction] = traffic[direction][size:]
        if random.random() < 0.5:
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
        clock.advance(0.5)
    journal.flush()
    for lane in session.lanes:
        lane.abandon()
    # Upstream frames that the proxy made carry masking keys of their own, which are secret.
    return recorder.faults, bytes(client.written), bytes(server.written)


def by_direction(records: list[FaultRecord]) -> list[list[tuple[object, ...]]]:
    """Without the time: how fast the proxy's tasks run is nobody's promise."""
    return [
        [(r.name, r.message, r.detail, r.before, r.after) for r in records if r.direction is d]
        for d in Direction
    ]


async def test_one_seed_one_history() -> None:
    first, down, up = await conversation(seed=7, cuts=1)
    assert len(first) > 1000
    assert {record.type for record in first} == {spec["type"] for spec in MIXED}
    again, down_again, up_again = await conversation(seed=7, cuts=1)
    assert again == first
    assert down_again == down
    assert len(up_again) == len(up)


async def test_the_interleaving_changes_nothing() -> None:
    first, down, _ = await conversation(seed=7, cuts=1)
    other, down_other, _ = await conversation(seed=7, cuts=2)
    assert by_direction(other) == by_direction(first)
    assert down_other == down


async def test_another_seed_another_history() -> None:
    first, _, _ = await conversation(seed=7, cuts=1)
    other, _, _ = await conversation(seed=8, cuts=1)
    assert by_direction(other) != by_direction(first)
