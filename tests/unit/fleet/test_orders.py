"""Two who change what is in force at the same time: neither change is lost."""

from __future__ import annotations

from typing import Any

import pytest

from wsproxy.fleet.orders import Orders, merge


def fault(name: str, latency: str = "1ms") -> dict[str, Any]:
    return {"name": name, "type": "latency", "attributes": {"latency": latency}}


def stop(text: str) -> dict[str, Any]:
    return {"filter": text, "connection": None}


@pytest.mark.parametrize(
    ("before", "mine", "theirs", "both"),
    [
        ("", "a", "b", "ba"),
        ("a", "", "ab", "b"),
        ("ab", "a", "b", ""),
        ("a", "ab", "", "b"),
        ("abc", "abc", "cba", "cba"),
    ],
)
def test_both_changes_are_in_it(before: str, mine: str, theirs: str, both: str) -> None:
    def orders(names: str) -> Orders:
        return Orders(7, [fault(name) for name in names], [stop(f"~b {name}") for name in names])

    assert merge(orders(before), orders(mine), orders(theirs)) == orders(both)


def test_what_both_changed_is_as_in_mine() -> None:
    before, mine, theirs = (
        Orders(seed, [fault("a", text)]) for seed, text in ((1, "1ms"), (2, "2ms"), (3, "3ms"))
    )
    assert merge(before, mine, theirs) == mine
    # What only they changed is as in theirs.
    assert merge(before, before, theirs) == theirs
