"""Comparing: every mutation is found, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from tests.support.mutations import (
    DOWN,
    MUTATIONS,
    corpus,
    lines,
    other_run,
    shuffled_streams,
    talk,
)
from wsproxy.replay.diff import Comparison, compare
from wsproxy.replay.report import as_json, as_junit, for_people
from wsproxy.replay.volatile import Ignored, pattern_of


def diff(
    before: Sequence[object], after: Sequence[object], *ignore: str, guess: bool = True
) -> Comparison:
    talks = [talk([(DOWN, 1.0 + n, v) for n, v in enumerate(values)]) for values in (before, after)]
    return compare([talks[0]], [talks[1]], Ignored(ignore, guess=guess))


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_is_found_and_nothing_else(name: str) -> None:
    for before, after in corpus(name, 20):
        found = compare([before], [after], later=1.0).differences
        assert [difference.what for difference in found] == [MUTATIONS[name][1]]


def test_another_run_with_streams_interleaved_otherwise_is_the_same() -> None:
    for seed in range(20):
        generator = random.Random(seed)
        before = lines(generator, 200)
        after = shuffled_streams(generator, other_run(generator, before))
        assert compare([talk(before)], [talk(after)]).same


def test_a_change_is_a_path() -> None:
    (found,) = diff([{"price": 101.5, "a": [1, 2]}], [{"price": 99, "a": [1]}]).differences
    assert [*map(str, found.changes)] == ["$.price 101.5 -> 99", "$.a[1] 2 -> nothing"]


def test_ids_and_times_do_not_count_unless_asked() -> None:
    before, after = [{"id": 1, "at": 1.5, "v": 1}], [{"id": 2, "at": 9.5, "v": 1}]
    assert diff(before, after).same
    assert len(diff(before, after, guess=False).differences[0].changes) == 2


def test_an_id_that_became_null_counts() -> None:
    assert not diff([{"id": 1, "v": 1}], [{"id": None, "v": 1}]).same


def test_paths_that_do_not_count() -> None:
    before, after = [{"a": [{"n": 1}], "b": {"c": 2}}], [{"a": [{"n": 2}], "b": {"c": 3}}]
    assert not diff(before, after, "$.a").same
    found = diff(before, after, "$.a[*].n", "$..c")
    assert found.same
    assert found.matched == 1


@pytest.mark.parametrize("path", ["price", "$.a[?(@.b)]", "$[1:2]", "$.."])
def test_a_path_that_cannot_be_read_is_said(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        pattern_of(path)


def test_connections_are_matched_by_path_and_order() -> None:
    one, two = talk([(DOWN, 1.0, {"v": 1})]), talk([(DOWN, 1.0, {"v": 2})])
    two.connection.target = "/other?x=2"
    found = compare([one, two], [one])
    assert [(d.what, d.path) for d in found.differences] == [("connection missing", "/other")]


def test_reports() -> None:
    result = diff([{"v": 1}, {"w": 1}], [{"v": 2}])
    lines = for_people(result)
    assert lines[0] == "1 changed, 1 missing; 1 connections and 1 messages compared"
    assert lines[2] == "    $.v 1 -> 2"
    assert json.loads(json.dumps(as_json(result)))["differences"][1]["what"] == "missing"
    suite = ET.fromstring(as_junit(result, "a b"))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    assert "\x1b[33mchanged\x1b[0m" in for_people(result, colour=True)[1]
