"""What is still in memory goes out as it is; what is not is read from the capture."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from wsproxy.fleet import news as module
from wsproxy.fleet.interfaces import Place
from wsproxy.fleet.news import News
from wsproxy.fleet.sender import _chunks
from wsproxy.model.batches import Batch
from wsproxy.model.blocks import ENTRY_SIZE, Block, Columns


def batch(first_id: int, size: int = 100) -> Batch:
    columns = Columns.unpack(1, bytes(ENTRY_SIZE))._replace(sizes=array("I", [size]))
    return replace(Batch(first_id, Block(columns, [bytes(size)])), weight=size)


def written(news: News, *places: Place, size: int = 100) -> None:
    for number, (file, offset) in enumerate(places):
        until = file, offset + size
        news.written([number], batch(number, size), (file, offset), until, until)


def ids(news: News, place: Place, size: int = 1000) -> list[int]:
    return [one.first_id for one, _ in news.fresh(place, size)]


def test_only_what_follows_without_a_gap_is_taken() -> None:
    news = News()
    written(news, (1, 0), (1, 100), (1, 200), (2, 0))
    assert ids(news, (1, 0)) == [0, 1, 2]
    assert ids(news, (1, 0), size=150) == [0, 1]
    assert ids(news, (1, 50)) == []  # the reader was before it: what is older goes
    assert ids(news, (1, 100)) == [1, 2]
    assert ids(news, (1, 300)) == []
    assert ids(news, (2, 0)) == [3]
    assert news.end == (2, 100)
    assert news.take(3) == [0, 1, 2]


def test_no_more_is_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_BYTES", 250)
    news = News()
    written(news, (1, 0), (1, 100), (1, 200))
    assert ids(news, (1, 0)) == []
    assert ids(news, (1, 100)) == [1, 2]
    written(news, (1, 300), size=251)
    assert ids(news, (1, 300)) == []
    assert news.end == (1, 551)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 100])
def test_chunks_are_the_same_bytes(size: int) -> None:
    parts = [b"abc", b"", b"defgh", b"i", b"jklmnopq" * 3, b""]
    whole = b"".join(parts)
    chunks = list(_chunks(parts, size))
    assert b"".join(chunks) == whole
    assert {len(chunk) for chunk in chunks[:-1]} <= {size}
    assert len(chunks) == -(-len(whole) // size)
