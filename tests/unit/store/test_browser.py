"""Browsing a capture: every list is what a look at every frame would give."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.big import START, StillClock, make_capture
from tests.support.recording import Recording
from wsproxy.filters.language import FilterError, parse
from wsproxy.filters.subject import subject_of
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord, MessageRecord
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.store import largest
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.reader import Capture

KEY = b"\x01\x02\x03\x04"


def recorder_of(path: Path, limit: int = 1 << 40) -> Recording:
    return Recording(path, limit, clock=StillClock(), call_soon=lambda _: None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some blocks of frames of all kinds on three connections."""
    path = tmp_path_factory.mktemp("capture") / "mixed.wsproxy"
    chance = random.Random(6455)
    recorder = recorder_of(path)
    decoders = {}
    for number in (1, 2, 3):
        record = ConnectionRecord(number, START, f"c:{number}", "ws://up", f"/{number}", [], 101)
        recorder.connection_changed(record)
        decoders[number] = [StreamDecoder(number, direction) for direction in Direction]
    for n in range(1500):
        number = chance.choice((1, 2, 3))
        direction = chance.choice(list(Direction))
        key = None if direction else KEY
        time = START + n / 10
        kind = chance.random()
        if kind < 0.1:
            frames = [make_frame(9, b"ping %d" % n, masking_key=key)]
        elif kind < 0.3:
            frames = [
                make_frame(1, b"part %d " % n, fin=False, masking_key=key),
                make_frame(9, b"between", masking_key=key),
                make_frame(0, b"rest", masking_key=key),
            ]
        else:
            frames = [make_frame(chance.choice((1, 2)), b"whole %d" % n, masking_key=key)]
        for frame in frames:
            recorder.journal.chunks.append((decoders[number][direction], time, frame.wire))
        if n % 100 == 99:
            recorder.flush()
    recorder.close()
    return path


@pytest.fixture
def browser(mixed: Path) -> Iterator[CaptureBrowser]:
    browser = CaptureBrowser(mixed)
    yield browser
    browser.close()


def _brute(path: Path, query: Query) -> list[int]:
    capture = Capture(path)
    matches = parse(query.filter).matches
    messages = {seen.message.key: seen.message for seen in capture.seen() if seen.message}
    connections = {connection.id: connection for connection in capture.connections()}
    found = []
    for frame_id, record in capture.frames(query.connection_id):
        if not query.control and record.message is None:
            continue
        if not query.fragments and record.message is not None and not record.frame.fin:
            continue
        if query.since is not None and record.time < query.since:
            continue
        if query.until is not None and record.time > query.until:
            continue
        message = None
        if record.frame.fin and record.message is not None:
            message = messages.get((record.connection_id, record.direction, record.message))
        if matches(subject_of(record, message, connections[record.connection_id])):
            found.append(frame_id)
    capture.close()
    return found


QUERIES = [
    Query(),
    Query(2),
    Query(99),
    Query(control=False),
    Query(fragments=False),
    Query(3, control=False, fragments=False),
    Query(filter="~b 'part 1'"),
    Query(1, "~up & ~binary"),
    Query(filter="~ping", fragments=False),
    Query(since=START + 50, until=START + 60),
    Query(filter="~u /2 & ! ~text"),
    Query(filter="~b 'part 1|^whole 2'"),
    Query(filter="~b e"),
    Query(filter="~b 'ole.*1'", since=START + 50),
    Query(filter="~b [a-z]*"),
    Query(filter="~bq whole & ! ~b 3"),
    Query(filter="~bs '[^x]*7'"),
    Query(filter=r"~b \\x81"),
    Query(filter="~opcode 1 | ~cont"),
    Query(filter="~size >12 & ~down"),
    Query(filter="! (~size <=9 | ~conn 2)"),
    Query(filter="~control ~b 1", until=START + 70),
    Query(filter="~compressed | ~violation | ~cut | ~fin ~up"),
    Query(filter="~text ~changed | ~code 1000"),
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_list_is_what_a_look_at_every_frame_gives(
    browser: CaptureBrowser, mixed: Path, query: Query
) -> None:
    wanted = _brute(mixed, query)
    page = browser.page(query, limit=10_000, budget=60)
    assert page.complete
    assert [seen.id for seen in page.rows] == wanted
    assert page.total == len(wanted)
    for offset in (0, len(wanted) // 2, -5):
        page = browser.page(query, offset=offset, limit=5)
        start = offset if offset >= 0 else max(len(wanted) + offset, 0)
        assert [seen.id for seen in page.rows] == wanted[start : start + 5]
        assert page.offset == start


@pytest.mark.parametrize("query", [Query(), Query(2, control=False), Query(filter="~b e")], ids=str)
@pytest.mark.parametrize("start", [0, 700])
@pytest.mark.parametrize("most", [7, 5000])
def test_a_list_by_size(
    browser: CaptureBrowser,
    query: Query,
    start: int,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(largest, "MAX_BY_SIZE", most)
    rows = browser.page(query, limit=10_000, start=start, budget=60).rows
    for order, sign in (("size", 1), ("-size", -1)):
        wanted = sorted(rows, key=lambda seen: (sign * seen.record.frame.payload_length, seen.id))
        page = browser.page(query, order=order, start=start, limit=10_000)
        assert [seen.id for seen in page.rows] == [seen.id for seen in wanted[:most]]
        assert page.total == len(rows)
        page = browser.page(query, order=order, start=start, offset=3, limit=2)
        assert [seen.id for seen in page.rows] == [seen.id for seen in wanted[3:5]]


def test_places_by_id(browser: CaptureBrowser, mixed: Path) -> None:
    wanted = _brute(mixed, Query(2))
    middle = wanted[len(wanted) // 2]
    page = browser.page(Query(2), after=middle, limit=3)
    assert [s.id for s in page.rows] == [i for i in wanted if i > middle][:3]
    page = browser.page(Query(2), before=middle, limit=3)
    assert [s.id for s in page.rows] == [i for i in wanted if i < middle][-3:]
    page = browser.page(Query(2), before=wanted[0], limit=3)
    assert page.rows == []
    page = browser.page(Query(2), start=middle, limit=1)
    assert (page.rows[0].id, page.total) == (middle, len([i for i in wanted if i >= middle]))


def test_a_budget_ends_a_look_and_the_next_goes_on(browser: CaptureBrowser, mixed: Path) -> None:
    query = Query(filter="~b whole")
    looks = 1
    while not (page := browser.page(query, limit=10_000, budget=0)).complete:
        looks += 1
    assert looks > 5
    assert [seen.id for seen in page.rows] == _brute(mixed, query)


def test_a_wrong_filter(browser: CaptureBrowser) -> None:
    with pytest.raises(FilterError):
        browser.page(Query(filter="~wrong"))


def test_frames_and_messages_by_id(browser: CaptureBrowser, mixed: Path) -> None:
    capture = Capture(mixed)
    for frame_id, record in list(capture.frames())[::97]:
        seen = browser.frame(frame_id)
        assert seen is not None
        assert seen.record == record
        if record.message is not None:
            whole = browser.message(record.connection_id, record.direction, record.message)
            assert whole is not None
            assert frame_id in whole.frame_ids
            assert (whole.record is not None) == (len(whole.frame_ids) > 1)
    capture.close()
    assert browser.frame(10**9) is None
    assert browser.frame(0) is None
    assert browser.message(1, Direction.UPSTREAM, 10**6) is None


def test_what_is_decided_late_is_found(tmp_path: Path) -> None:
    path = tmp_path / "late.wsproxy"
    recorder = recorder_of(path)
    recorder.connection_changed(ConnectionRecord(1, START, "c", "ws://up", "/", [], 101))
    decoder = StreamDecoder(1, Direction.UPSTREAM)
    for n in range(3):
        wire = make_frame(1, b"text %d" % n, masking_key=KEY).wire
        recorder.journal.chunks.append((decoder, START + n, wire))
    recorder.flush()
    recorder.close()
    browser = CaptureBrowser(path)
    query = Query(filter="~changed")
    assert browser.page(query).total == 0
    recorder = recorder_of(path)
    late = MessageRecord(
        1, Direction.UPSTREAM, 2, START + 1, 1, b"text 1", 6, 6, verdict="changed", sent=b"other"
    )
    recorder.journal.out.add_message(late)
    recorder.journal.add_fault(
        FaultRecord(1, Direction.UPSTREAM, START + 1, "slow", "latency", 2, "by 5 ms")
    )
    recorder.flush()
    recorder.close()
    page = browser.page(query)
    (seen,) = page.rows
    assert seen.record.frame.payload == b"text 1"
    assert seen.message == late
    assert [fault.name for fault in seen.faults] == ["slow"]
    browser.close()


def test_what_was_trimmed_is_gone_from_the_lists(tmp_path: Path) -> None:
    path = tmp_path / "trimmed.wsproxy"
    make_capture(path, 10_000)
    browser = CaptureBrowser(path)
    assert browser.page(Query()).total == 10_000
    with sqlite3.connect(path / "index.sqlite") as db:
        db.execute("DELETE FROM block WHERE first_id <= 4001")
        db.execute("DELETE FROM connection_block WHERE first_id <= 4001")
    page = browser.page(Query(), limit=1)
    assert (page.total, page.rows[0].id) == (4000, 6001)
    browser.close()


def test_the_timeline_counts_every_strike(tmp_path: Path) -> None:
    path = tmp_path / "strikes.wsproxy"
    make_capture(path, 400, connections=2)
    with sqlite3.connect(path / "index.sqlite") as db:
        db.executemany(
            "INSERT INTO fault (connection_id, direction, time, name, type, detail, file, offset,"
            " before_size, after_size) VALUES (?, 0, ?, 'd', 'drop', '', 1, 0, 0, 0)",
            [(number % 2 + 1, START + (number + 0.5) / 10_000) for number in range(3000)],
        )
    browser = CaptureBrowser(path)
    timeline = browser.timeline(None, START, START + 0.4, 4)
    assert timeline is not None
    assert timeline.strikes == [1000, 1000, 1000, 0]
    assert len(timeline.faults) == 2000
    one = browser.timeline(1, START + 0.2, START + 0.4, 2)
    assert one is not None
    assert one.strikes == [500, 0]
    browser.close()


def test_round_trips_and_timeline(tmp_path: Path) -> None:
    path = tmp_path / "trips.wsproxy"
    make_capture(path, 4000, connections=2)
    browser = CaptureBrowser(path)
    trips = browser.round_trips(1, 10)
    assert len(trips) == 10
    assert all(trip.answer == trip.request + 1 for trip in trips)
    assert trips[0].seconds == pytest.approx(0.001, rel=0.01)
    pair = browser.said(2)[1]
    assert pair is not None
    assert (pair.request, pair.answer, pair.key) == (1, 2, "id=0")
    assert browser.said(1)[1] == pair
    timeline = browser.timeline(None, None, None, 4)
    assert timeline is not None
    assert [sum(bucket.messages) for bucket in timeline.buckets] == [1000] * 4
    one = browser.timeline(1, START, START + 4, 2)
    assert one is not None
    assert sum(sum(bucket.messages) for bucket in one.buckets) == 2000
    assert browser.timeline(77, None, None, 4) is None
    assert browser.traffic()[2][:2] == (1000, 1000)
    browser.close()
