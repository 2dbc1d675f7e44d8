"""A flood of diagnostics."""

from __future__ import annotations

import logging

from wsproxy.log.limit import A_SECOND, KindLimit


def record(text: str, *values: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("x", level, "f", 1, text, values, None)


def test_one_kind_is_shown_so_many_times_a_second_and_the_rest_is_counted() -> None:
    now = [5.0]
    limit = KindLimit(lambda: now[0])
    shown = [limit.filter(record("bad request from %s", number)) for number in range(50)]
    assert shown == [True] * A_SECOND + [False] * (50 - A_SECOND)
    assert limit.filter(record("another kind"))
    now[0] = 6.0
    later = record("bad request from %s", "50% of all")
    assert limit.filter(later)
    assert later.getMessage() == "bad request from 50% of all (and 40 more of this kind before)"
    again = record("bad request from %s", 51)
    assert limit.filter(again)
    assert again.getMessage() == "bad request from 51"


def test_what_is_no_warning_is_left_alone() -> None:
    limit = KindLimit(lambda: 1.0)
    assert all(limit.filter(record("note", level=logging.INFO)) for _ in range(100))
