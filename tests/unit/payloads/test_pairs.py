"""Requests and their answers."""

from __future__ import annotations

import pytest

from tests.unit.payloads.talk import DOWN, UP
from wsproxy.model.records import Direction
from wsproxy.payloads import pairs as pairs_module
from wsproxy.payloads.decoded import Decoded, Pair, Role
from wsproxy.payloads.pairs import Exchange, Pairs


def feed(
    pairs: Pairs,
    role: Role,
    direction: Direction,
    time: float,
    number: int,
    key: str = "k",
    asker: Direction = UP,
) -> Exchange | None:
    found = Decoded("p", role.value, "said", None, Pair(key, role, asker))
    return pairs.feed(found, direction, time, number)


def test_a_request_and_its_answer() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1.0, 1)
    found = feed(pairs, Role.ANSWER, DOWN, 1.25, 2)
    assert found is not None
    assert (found.request, found.answer, found.latency, found.duration) == (1, 2, 0.25, 0.25)
    assert pairs.waiting(asked_before=9) == []


def test_a_stream() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1, 1)
    feed(pairs, Role.PART, DOWN, 2, 2)
    feed(pairs, Role.PART, DOWN, 3, 3)
    found = feed(pairs, Role.LAST, DOWN, 5, 4)
    assert found is not None
    assert (found.parts, found.answer, found.latency, found.last, found.duration) == (2, 2, 1, 4, 4)
    assert feed(pairs, Role.PART, DOWN, 6, 5) is None  # it has ended


def test_who_asked_may_end_it_and_take_steps_unanswered() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1, 1)
    feed(pairs, Role.PART, UP, 2, 2)
    assert len(pairs.waiting(asked_before=9)) == 1
    found = feed(pairs, Role.LAST, UP, 3, 3)
    assert found is not None and found.latency is None and found.duration == 2 and found.parts == 0


def test_parts_may_come_after_the_answer() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1, 1)
    feed(pairs, Role.ANSWER, DOWN, 2, 2)
    found = feed(pairs, Role.PART, DOWN, 3, 3)
    assert found is not None and found.parts == 1 and found.duration == 1


def test_both_sides_may_ask_with_the_same_key() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1, 1)
    feed(pairs, Role.REQUEST, DOWN, 2, 2, asker=DOWN)
    found = feed(pairs, Role.ANSWER, UP, 5, 3, asker=DOWN)
    assert found is not None and found.request == 2 and found.latency == 3


def test_what_waits_for_an_answer() -> None:
    pairs = Pairs()
    feed(pairs, Role.REQUEST, UP, 1, 1, "a")
    feed(pairs, Role.REQUEST, UP, 2, 2, "b")
    feed(pairs, Role.REQUEST, UP, 3, 3, "c")
    feed(pairs, Role.ANSWER, DOWN, 4, 4, "b")
    assert [one.key for one in pairs.waiting(asked_before=3)] == ["a"]
    assert [one.key for one in pairs.waiting(asked_before=9)] == ["a", "c"]


def test_a_key_that_is_used_again() -> None:
    pairs = Pairs()
    first = feed(pairs, Role.REQUEST, UP, 1, 1)
    feed(pairs, Role.REQUEST, UP, 2, 2)
    found = feed(pairs, Role.ANSWER, DOWN, 3, 3)
    assert found is not None and found.request == 2
    assert first is not None and first.given_up and first.latency is None


def test_an_answer_without_its_request() -> None:
    assert feed(Pairs(), Role.ANSWER, DOWN, 1, 1) is None
    assert Pairs().feed(Decoded("p", "k", "s", None), UP, 1, 1) is None


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "MAX_WAITING", 3)
    pairs = Pairs()
    for number in range(10):
        feed(pairs, Role.REQUEST, UP, number, number, str(number))
    assert [one.key for one in pairs.waiting(asked_before=99)] == ["7", "8", "9"]
    assert pairs.forgotten == 7
    for number in range(10):
        feed(pairs, Role.REQUEST, UP, number, number, f"x{number}")
        feed(pairs, Role.ANSWER, DOWN, number, number, f"x{number}")
    assert len(pairs._answered) == 3
