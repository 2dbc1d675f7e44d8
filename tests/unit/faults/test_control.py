"""Adding, changing and removing faults while traffic flows."""

from __future__ import annotations

import pytest

from tests.support.fault_rig import DOWN, Rig, connection, wire
from wsproxy.errors import FaultError
from wsproxy.faults.control import FaultSet
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.model.records import FaultRecord


class Live:
    def __init__(self) -> None:
        self.reconsidered = 0

    def reconsider(self) -> None:
        self.reconsidered += 1


def make() -> FaultSet:
    return FaultSet(1, lambda: 1000.0)


def test_the_shape_of_a_fault() -> None:
    faults = make()
    assert faults.add({"type": "latency", "latency": "1s", "name": "slow"}) == {
        "name": "slow",
        "type": "latency",
        "direction": "downstream",
        "toxicity": 1.0,
        "enabled": True,
        "match": None,
        "probability": 1.0,
        "every": None,
        "first": None,
        "nth": None,
        "after": "0s",
        "for": None,
        "attributes": {"latency": "1s", "jitter": "0s"},
        "strikes": 0,
    }
    assert faults.add(faults.faults()[0] | {"name": "copy"})["name"] == "copy"


def test_everybody_is_told_of_every_change() -> None:
    faults, live = make(), Live()
    faults.subscribe(live)
    faults.add({"type": "drop"})
    faults.change("drop", {"enabled": False})
    faults.remove("drop")
    faults.populate([{"type": "drop"}])
    faults.reset()
    assert live.reconsidered == 5
    faults.unsubscribe(live)
    faults.add({"type": "drop"})
    assert live.reconsidered == 5


def test_a_name_is_taken_once() -> None:
    faults = make()
    faults.add({"type": "drop", "name": "a"})
    with pytest.raises(FaultError, match="already"):
        faults.add({"type": "reset", "name": "a"})
    faults.add({"type": "drop", "name": "b"})
    with pytest.raises(FaultError, match="already"):
        faults.change("b", {"name": "a"})
    with pytest.raises(FaultError, match="two faults"):
        faults.populate([{"type": "drop", "name": "a"}, {"type": "drop", "name": "a"}])
    assert [fault["name"] for fault in faults.faults()] == ["a", "b"]


def test_change_keeps_what_it_does_not_name() -> None:
    faults = make()
    faults.add({"type": "latency", "latency": "1s", "jitter": "10ms", "nth": 3})
    changed = faults.change("latency", {"attributes": {"latency": "2s"}, "nth": None})
    assert changed["attributes"] == {"latency": "2s", "jitter": "10ms"}
    assert changed["nth"] is None
    assert faults.change("latency", {"jitter": "1ms"})["attributes"]["jitter"] == "1ms"
    changed = faults.change("latency", {"type": "drop", "name": "other"})
    assert (changed["name"], changed["type"], changed["attributes"]) == ("other", "drop", {})


@pytest.mark.parametrize(
    "changes",
    [{"latency": "-1s"}, {"attributes": 5}, {"nope": 1}, {"type": "nope"}, {"toxicity": 2}],
)
def test_a_wrong_change_changes_nothing(changes: dict[str, object]) -> None:
    faults = make()
    before = faults.add({"type": "latency", "latency": "1s"})
    with pytest.raises(FaultError):
        faults.change("latency", changes)
    assert faults.faults() == [before]


def test_populate_is_all_or_nothing() -> None:
    faults = make()
    faults.add({"type": "drop"})
    with pytest.raises(FaultError):
        faults.populate([{"type": "reset"}, {"type": "nope"}])
    assert [fault["type"] for fault in faults.faults()] == ["drop"]
    populated = faults.populate([{"type": "reset"}, {"type": "reset"}])
    assert [fault["name"] for fault in populated] == ["reset", "reset-2"]


def test_what_is_only_checked_changes_nothing() -> None:
    faults = make()
    explanations, seed = faults.check("seed: 9\nfaults:\n  - {type: reset, nth: 3}\n")
    assert seed == 9
    assert len(explanations) == 1
    assert "only message 3" in explanations[0]
    assert "delays" in faults.check({"type": "latency", "latency": "1s"})[0][0]
    with pytest.raises(FaultError, match=r"line 2: .*did you mean reset"):
        faults.check("faults:\n  - {type: rest}\n")
    assert faults.faults() == []
    assert faults.seed == 1


def test_a_scenario_takes_the_place_of_all_faults() -> None:
    faults = make()
    faults.add({"type": "drop"})
    loaded = faults.load_scenario("seed: 9\nfaults:\n  - {type: reset, nth: 3}\n")
    assert [fault["type"] for fault in loaded] == ["reset"]
    assert faults.seed == 9
    with pytest.raises(FaultError, match="line 3"):
        faults.load_scenario("seed: 10\nfaults:\n  - {type: rest}\n")
    assert (faults.faults(), faults.seed) == (loaded, 9)


def test_what_is_not_there() -> None:
    faults = make()
    with pytest.raises(KeyError):
        faults.remove("nope")
    with pytest.raises(KeyError):
        faults.change("nope", {})


def test_kinds_tell_all() -> None:
    kinds = make().types()
    assert [kind["type"] for kind in kinds] == list(FAULT_TYPES)
    (latency,) = (kind for kind in kinds if kind["type"] == "latency")
    assert latency["attributes"][0]["name"] == "latency"
    assert latency["attributes"][0]["required"]


def test_a_change_takes_hold_at_the_next_message() -> None:
    rig = Rig({"type": "drop"})
    assert rig.passes("1") == []
    rig.faults.change("drop", {"enabled": False})
    assert not rig.chain.active
    assert [data for _, data in rig.passes("2")] == wire("2")
    rig.faults.change("drop", {"enabled": True})
    assert rig.passes("3") == []
    assert rig.faults.faults()[0]["strikes"] == 2


def test_an_unrelated_change_starts_nothing_anew() -> None:
    rig = Rig({"type": "drop", "nth": 3})
    rig.passes("1", "2")
    rig.faults.add({"type": "latency", "latency": "1s"})
    rig.passes("3")
    assert [record.before for record in rig.records if record.type == "drop"] == [b"3"]


def test_a_continued_capture_shifts_no_random_numbers() -> None:
    def struck(first_id: int) -> list[bytes]:
        faults = make()
        faults.add({"type": "drop", "probability": 0.5})
        records: list[FaultRecord] = []
        chain = faults.chain(connection(first_id), DOWN, records.append)
        from tests.support.fault_rig import message

        for number in range(50):
            chain.passed(message(str(number)), 1000.0)
        return [record.before for record in records]

    assert struck(1) == struck(77)


def test_refusals_count_handshakes() -> None:
    faults = make()
    records: list[FaultRecord] = []
    faults.add({"type": "refuse", "status": 503, "first": 2, "match": "~u /chat"})
    refused = [
        faults.refusal(connection(number, target), records.append)
        for number, target in enumerate(["/other", "/chat", "/chat", "/chat"], 1)
    ]
    assert [refusal and refusal.status for refusal in refused] == [None, 503, 503, None]
    assert [(r.connection_id, r.direction, r.detail) for r in records] == [
        (2, None, "answered with 503"),
        (3, None, "answered with 503"),
    ]
    assert faults.faults()[0]["strikes"] == 2


def test_refusals_by_chance_are_the_same_for_the_same_seed() -> None:
    def refused(seed: int) -> list[bool]:
        faults = FaultSet(seed, lambda: 1000.0)
        faults.add({"type": "refuse", "toxicity": 0.5})
        return [
            faults.refusal(connection(number), lambda _: None) is not None
            for number in range(1, 99)
        ]

    assert refused(1) == refused(1) != refused(2)
