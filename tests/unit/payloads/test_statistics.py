"""A capture in numbers."""

from __future__ import annotations

import pytest

from tests.support.fakes import connection
from tests.unit.payloads.test_sayings import DOWN, UP, socket_io
from wsproxy.model.records import ConnectionRecord, FrameRecord
from wsproxy.payloads import statistics as module
from wsproxy.payloads.sayings import Sayings
from wsproxy.payloads.statistics import Statistics, sessions
from wsproxy.protocol.frames import make_frame


def counted(*said: tuple[int, str, float]) -> Statistics:
    sayings, statistics = Sayings({1: socket_io()}.get), Statistics()
    for number, (direction, text, time) in enumerate(said, 1):
        way = DOWN if direction else UP
        record = FrameRecord(1, way, time, make_frame(1, text.encode()), number, ())
        statistics.add(number, record, None, sayings.of(number, record, None))
    return statistics


def test_counts_and_latencies() -> None:
    found = counted(
        (0, '421["a"]', 1.0),
        (0, '422["a"]', 2.0),
        (0, '423["a"]', 3.0),
        (1, "431[]", 3.5),
        (1, "433[]", 3.75),
    )
    assert (found.frames, found.messages, found.since, found.until) == ([3, 2], [3, 2], 1.0, 3.75)
    events = found.kinds["socket.io", "EVENT"]
    assert (events.packets, events.requests, events.answered) == (3, 3, 2)
    assert (events.percentile(50), events.percentile(99)) == (2.5, 2.5)
    assert events.latencies == [2.5, 0.75]
    assert found.kinds["socket.io", "ACK"].percentile(50) is None


def test_the_longest_silences() -> None:
    times = [0.0, 0.5, 3.5, 4.0, 14.0, *(20.0 + 2 * n for n in range(7))]
    found = counted(*((0, "2", time) for time in times))
    assert found.gaps == [(10.0, 4.0), (6.0, 14.0), (3.0, 0.5), (2.0, 30.0), (2.0, 28.0)]


def test_kinds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KINDS", 2)
    found = counted((0, "2", 0), (0, "3", 0), (0, "5", 0), (0, "6", 0))
    assert {kind: one.packets for (_, kind), one in found.kinds.items()} == {
        "ping": 1,
        "pong": 1,
        "(other)": 2,
    }


def opened(number: int, since: float, until: float | None, **given: str) -> ConnectionRecord:
    record = connection()
    record.id, record.opened, record.closed = number, since, until
    record.client = given.get("client", "10.0.0.5:1")
    record.target = given.get("target", "/chat?x=1")
    return record


def test_reconnects_are_one_session() -> None:
    found = sessions(
        [
            opened(1, 0, 5),
            opened(2, 1, 9),  # beside the first
            opened(3, 10, 11, client="10.0.0.5:99", target="/chat?x=2"),
            opened(4, 12, None, target="/other"),
            opened(5, 12, None, client="10.0.0.6:1"),
        ]
    )
    assert [[one.id for one in session] for session in found] == [[1], [2, 3], [4], [5]]
