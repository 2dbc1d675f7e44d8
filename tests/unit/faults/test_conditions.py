"""Where and when faults strike: a table of conditions, and the statistics of chance."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.fault_rig import DOWN, UP, Rig, wire

TEN = [str(number) for number in range(1, 11)]

TABLE: list[tuple[dict[str, Any], set[int]]] = [
    ({}, set(range(1, 11))),
    ({"every": 3}, {3, 6, 9}),
    ({"first": 2}, {1, 2}),
    ({"nth": 4}, {4}),
    ({"probability": 0}, set()),
    ({"match": "~b ^1"}, {1, 10}),
    ({"match": "~b ^1", "nth": 2}, {10}),
    ({"match": "~u /chat"}, set(range(1, 11))),
    ({"match": "~u /other"}, set()),
    ({"match": "~src ^10"}, set(range(1, 11))),
    ({"match": "~size >1"}, {10}),
    ({"match": "~binary"}, set()),
    ({"direction": "upstream"}, set()),
    ({"direction": "both", "every": 5}, {5, 10}),
    ({"toxicity": 0}, set()),
    ({"enabled": False}, set()),
]


@pytest.mark.parametrize(("conditions", "struck"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_which_messages_are_struck(conditions: dict[str, Any], struck: set[int]) -> None:
    rig = Rig({"type": "drop"} | conditions)
    rig.passes(*TEN)
    assert {record.message for record in rig.records} == struck
    assert rig.faults.faults()[0]["strikes"] == len(struck)


def test_control_frames_are_left_alone_unless_named() -> None:
    assert Rig({"type": "drop"}).control(9, b"ping")
    assert Rig({"type": "drop", "match": "~u /chat"}).control(8)
    assert not Rig({"type": "drop", "match": "~ping"}).control(9, b"ping")


def test_a_window_of_time() -> None:
    rig = Rig({"type": "drop", "after": "10s", "for": "5s"})
    for second in range(20):
        rig.passes(str(second))
        rig.wait(1.0)
    assert [record.before for record in rig.records] == [b"10", b"11", b"12", b"13", b"14"]


def test_the_window_begins_when_the_fault_was_added() -> None:
    rig = Rig()
    rig.now += 100.0
    rig.faults.add({"type": "drop", "after": "1s"})
    rig.passes("still")
    rig.now += 1.0
    rig.passes("gone")
    assert [record.before for record in rig.records] == [b"gone"]


@pytest.mark.parametrize(
    "conditions", [{"nth": 2}, {"first": 2}, {"for": "1s"}, {"enabled": False}, {"toxicity": 0}]
)
def test_a_fault_that_can_strike_no_more_lets_the_lane_go(conditions: dict[str, Any]) -> None:
    rig = Rig({"type": "drop"} | conditions)
    rig.passes("1", "2")
    rig.wait(2.0)
    assert not rig.chain.active


def test_probability_over_many_messages() -> None:
    rig = Rig({"type": "drop", "probability": 0.1})
    count = 100_000
    for _ in range(count):
        rig.passes("x")
    assert abs(len(rig.records) / count - 0.1) <= 0.005


def test_toxicity_over_many_connections() -> None:
    struck = [
        Rig({"type": "drop", "toxicity": 0.3}, number=number).chain.active
        for number in range(1, 2001)
    ]
    assert abs(sum(struck) / len(struck) - 0.3) <= 0.03


def test_toxicity_is_the_same_in_both_directions() -> None:
    spec = {"type": "drop", "toxicity": 0.5, "direction": "both"}
    for number in range(1, 50):
        up = Rig(spec, number=number, direction=UP).chain.active
        assert up == Rig(spec, number=number, direction=DOWN).chain.active


def test_other_conditions_do_not_shift_the_random_numbers() -> None:
    plain = Rig({"type": "drop", "name": "x", "probability": 0.5})
    plain.passes(*TEN)
    every = Rig({"type": "drop", "name": "x", "probability": 0.5, "every": 2})
    every.passes(*TEN)
    both = {r.message for r in plain.records if r.message is not None and r.message % 2 == 0}
    assert {record.message for record in every.records} == both


def test_faults_do_not_disturb_each_other() -> None:
    alone = Rig({"type": "drop", "probability": 0.5})
    alone.passes(*TEN)
    beside = Rig({"type": "corrupt", "probability": 0.5}, {"type": "drop", "probability": 0.5})
    beside.passes(*TEN)
    dropped = [record.message for record in beside.records if record.type == "drop"]
    assert dropped == [record.message for record in alone.records]


def test_what_is_not_struck_is_not_touched() -> None:
    sent = Rig({"type": "drop", "nth": 2}).passes("1", "2", "3")
    assert [data for _, data in sent] == wire("1", "3")
