"""Totals, and what the feed makes of what passed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.fakes import FakeClock
from tests.support.recording import batch_of
from wsproxy.model.batches import Batch
from wsproxy.model.queries import Query
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.web import totals as totals_module
from wsproxy.web.feed import MAX_RECENT_BYTES, Feed, Recent, View, _candidates
from wsproxy.web.totals import Totals

KEY = b"\x01\x02\x03\x04"


def batch() -> Batch:
    """A ping, a message in two fragments, another connection's message."""
    chunks = []
    up, down, other = (
        StreamDecoder(1, Direction.UPSTREAM),
        StreamDecoder(1, Direction.DOWNSTREAM),
        StreamDecoder(2, Direction(0)),
    )
    for decoder, frame in (
        (up, make_frame(9, b"", masking_key=KEY)),
        (down, make_frame(1, b"a", fin=False)),
        (down, make_frame(0, b"b")),
        (other, make_frame(2, b"x" * 200, masking_key=KEY)),
    ):
        chunks.append((decoder, 1.0, frame.wire))
    return batch_of(*chunks)


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (Query(), [0, 1, 2, 3]),
        (Query(1), [0, 1, 2]),
        (Query(control=False), [1, 2, 3]),
        (Query(fragments=False), [0, 2, 3]),
        (Query(1, control=False, fragments=False), [2]),
        (Query(9), []),
    ],
)
def test_which_frames_a_view_may_list(query: Query, indexes: list[int]) -> None:
    assert _candidates(query, batch().block.columns) == indexes


def test_totals_and_rates() -> None:
    totals = Totals()
    totals.start_with({1: (10, 20, 100, 200)})
    totals.add(replace(batch(), first_id=31), 50.0)
    assert totals.of(1) == (11, 22, 106, 206)
    assert totals.of(2) == (1, 0, 208, 0)
    assert totals.of(3) is None
    assert (totals.frames, totals.earliest_id, totals.newest_id) == (4, 31, 34)
    assert totals.changed == {1, 2}
    assert totals.rate(52.0).frames == (0.4, 0.4)
    assert totals.rate(60.0).frames == (0.0, 0.0)


def test_totals_forget_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals_module, "MAX_CONNECTIONS", 1)
    totals = Totals()
    totals.add(batch(), 1.0)
    assert totals.of(1) is None
    assert totals.of(2) is not None


def test_the_latest_connections_are_remembered_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(totals_module, "MAX_LATEST", 2)
    totals = Totals()
    records = [ConnectionRecord(n, 0.0, "c", "ws://up", "/", []) for n in (1, 2, 3)]
    for record in (*records, records[1]):
        totals.connection_changed(record)
    records[1].status = 101
    assert list(totals.latest()) == [2, 3]
    assert totals.latest()[2].status == 101


def test_what_is_kept_for_the_next_tick_is_bounded_and_the_rest_counted() -> None:
    recent = Recent()
    for first_id in range(1, 41, 4):
        recent.add(replace(batch(), first_id=first_id, weight=MAX_RECENT_BYTES // 2))
    assert len(recent.batches) == 2
    query = Query(control=False)
    feed = Feed(FakeClock(), Totals())
    told = feed._frames(View(query), recent, feed._look(recent, {query}))
    assert (told["from"], told["to"]) == (1, 40)
    assert [row["id"] for row in told["rows"]] == [34, 35, 36, 38, 39, 40]
    assert told["skipped"] == 8 * 3


def test_a_batch_larger_than_what_is_kept_is_told() -> None:
    recent = Recent()
    recent.add(replace(batch(), first_id=1, weight=2 * MAX_RECENT_BYTES))
    assert len(recent.batches) == 1


class Page:
    """A subscriber that keeps what it is told."""

    def __init__(self, query: Query) -> None:
        self.view = View(query)
        self.lines: list[str] = []

    def push(self, text: str) -> None:
        rows = json.loads(text)["frames"]["rows"]
        self.lines += [row["summary"] for row in rows if "summary" in row]


def test_two_pages_are_told_of_messages_that_were_decoded_once_and_in_order() -> None:
    clock = FakeClock()
    feed = Feed(clock, Totals())
    feed.connection_changed(ConnectionRecord(1, 0.0, "c:1", "ws://u", "/?EIO=4", [], 101))
    pages = [Page(Query()), Page(Query(1, "~down", control=False))]
    feed._subscribers = set(pages)  # type: ignore[arg-type]
    down = StreamDecoder(1, Direction.DOWNSTREAM)
    event = make_frame(1, b'452-["two"]').wire
    first = batch_of((down, 1.0, event + make_frame(2, b"a").wire))
    second = batch_of((down, 2.0, make_frame(2, b"b").wire))
    feed.passed(first)
    feed.passed(replace(second, first_id=3))
    clock.advance(1)
    for page in pages:
        assert page.lines == [
            "EVENT two (2 attachments)",
            "attachment 1/2 of EVENT two 1 B a",
            "attachment 2/2 of EVENT two 1 B b",
        ]
