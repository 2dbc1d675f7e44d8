"""Scenario files: what is read, and one clear error for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wsproxy.errors import FaultError
from wsproxy.faults.scenario import MAX_SIZE, json_schema, load, parse
from wsproxy.faults.spec import parse_spec

SCENARIO = """\
name: bad day
description: What happened in May.
seed: 7
faults:
  - name: slow server
    type: latency
    attributes:
      latency: 200ms
      jitter: 50ms
    after: 5s
    for: 10s
  - {type: drop, direction: upstream, probability: 0.25, match: '~b price'}
  - {type: drop, nth: 3}
  - {type: refuse, status: 503, toxicity: 0.5}
"""

SCHEMA = Path(__file__).parents[3] / "docs" / "scenario.schema.json"


def test_a_scenario() -> None:
    scenario = parse(SCENARIO)
    assert (scenario.name, scenario.seed) == ("bad day", 7)
    assert [spec.name for spec in scenario.faults] == ["slow server", "drop", "drop-2", "refuse"]
    slow = scenario.faults[0].as_json()
    assert slow["attributes"] == {"latency": "200ms", "jitter": "50ms"}
    assert (slow["after"], slow["for"]) == ("5s", "10s")
    assert scenario.explain() == [
        (
            "slow server: delays everything by 200ms, give or take 50ms, from the server to the"
            " client, from 5s after the connection opened, for 10s"
        ),
        (
            "drop: drops messages, from the client to the server, only if: the payload matches"
            " 'price', with a chance of 0.25 for each message"
        ),
        "drop-2: drops messages, from the server to the client, only message 3",
        "refuse: answers opening handshakes with 503, on 50 % of connections",
    ]


ERRORS = [
    ("", "scenario is empty"),
    ("- 1", "line 1: a scenario is a mapping with the field faults"),
    ("seed: 1", "line 1: a scenario needs the field faults"),
    ("faults: 1", "line 1: faults: this is not a list"),
    ("faults: []\nsede: 1", "line 2: a scenario has no field 'sede'; did you mean seed?"),
    ("faults: []\nseed: x", "line 2: seed: 'x' is not a whole number"),
    ("faults: []\nseed: -1", "line 2: seed: -1 is not at least 0"),
    ("faults:\n  - latency", "line 2: a fault is a mapping with a type"),
    ("faults:\n  - name: x", "line 2: a fault needs a type"),
    (
        "faults:\n  - name: x\n    type: latncy",
        "line 3: there is no fault 'latncy'; did you mean latency?",
    ),
    ("faults:\n  - type: latency", "line 2: latency needs the attribute latency: a duration"),
    (
        "faults:\n  - type: latency\n    attributes:\n      latency: -200ms",
        "line 4: latency: -200ms is a negative time",
    ),
    ("faults:\n  - type: latency\n    latency: 200", "line 3: latency: 200 lacks its unit"),
    ("faults:\n  - type: latency\n    latency: -1", "line 3: latency: -1 is a negative time"),
    (
        "faults:\n  - type: latency\n    latency: 1s\n    after: -2s",
        "line 4: after: -2s is a negative time",
    ),
    (
        "faults:\n  - type: latency\n    attributes: {latency: 1s, jiter: 1s}",
        "line 3: latency has no attribute 'jiter'; did you mean jitter?",
    ),
    (
        "faults:\n  - type: drop\n    probabilty: 0.1",
        "line 3: drop has no field 'probabilty'; did you mean probability?",
    ),
    (
        "faults:\n  - type: drop\n    probability: 1.5",
        "line 3: probability: 1.5 is not from 0 to 1",
    ),
    (
        "faults:\n  - type: drop\n    probability: lots",
        "line 3: probability: 'lots' is not a number",
    ),
    ("faults:\n  - type: drop\n    nth: 0", "line 3: nth: 0 is not at least 1"),
    (
        "faults:\n  - type: drop\n    stream: down",
        "line 3: stream: 'down' is not possible; did you mean downstream?",
    ),
    ("faults:\n  - type: drop\n    match: ~pinh", "line 3: match: there is no filter word ~pinh"),
    (
        "faults:\n  - type: drop\n    match: '~b ['",
        "line 3: match: '[' is not a regular expression",
    ),
    (
        "faults:\n  - type: replace\n    pattern: '('",
        "line 3: pattern: '(' is not a regular expression",
    ),
    (
        "faults:\n  - type: replace\n    pattern: a\n    replacement: \\1",
        "line 2: replace: replacement: invalid group reference",
    ),
    ("faults:\n  - type: replace", "line 2: replace: give either pattern and replacement"),
    (
        "faults:\n  - type: slicer\n    size: 5\n    variation: 5",
        "line 2: slicer: size must be more",
    ),
    (
        "faults:\n  - {type: drop, name: a}\n  - type: reset\n    name: a",
        "line 4: name: 'a' is taken by the fault of line 2",
    ),
    ("faults:\n  - type: drop\n    type: reset", "line 3: type stands here twice, first in line 2"),
    ("faults: &a\n  - *a", "line 2: aliases (*name) are not allowed"),
    ("faults:\n  - &a {type: drop}\n  - *a", "line 3: aliases (*name) are not allowed"),
    ("faults:\n  - type: drop\n   stream: up", "line 3: "),
    ("faults: [", "line 1: "),
    ("faults:\n  - type: !!python/object:os.system {}", "line 2: "),
    ("faults: " + "[" * 5000, "more than 20 levels deep"),
    ("? [a]\n: 1", "line 1: the name of a field must be a word"),
    ("a: 1\n---\nb: 2", "line 2: but found another document"),
    ("faults: \x00", "scenario: "),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[row[1][:60] for row in ERRORS])
def test_errors_say_where_and_what(text: str, message: str) -> None:
    with pytest.raises(FaultError) as error:
        parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_ten_megabytes_of_yaml(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text("faults:\n" + "  - {type: drop}\n" * 620_000)
    assert path.stat().st_size > 10_000_000
    with pytest.raises(FaultError, match=f"at most {MAX_SIZE:,} bytes"):
        load(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file")
def test_a_file_without_end() -> None:
    with pytest.raises(FaultError, match=r"cannot read the scenario /dev/zero: .* at most"):
        load(Path("/dev/zero"))


@pytest.mark.parametrize("where", ["name", "type", "field", "attribute"])
def test_names_are_bounded_and_so_are_errors(where: str) -> None:
    name = "x" * 201
    spec = {
        "name": {"type": "drop", "name": name},
        "type": {"type": name},
        "field": {"type": "drop", name: 1},
        "attribute": {"type": "drop", "attributes": {name: 1}},
    }[where]
    with pytest.raises(FaultError) as error:
        parse_spec(spec)
    assert len(str(error.value)) < 500
    assert name not in str(error.value)
    assert parse_spec({"type": "drop", "name": "x" * 200}).name == "x" * 200


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="no such file"):
        load(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe4")
    with pytest.raises(FaultError, match="not UTF-8"):
        load(tmp_path / "latin.yaml")
    with pytest.raises(FaultError, match="is a directory"):
        load(tmp_path)


def test_the_schema_for_editors_is_current() -> None:
    """To write it anew: print json.dumps(json_schema(), indent=2) into the file."""
    assert json.loads(SCHEMA.read_text()) == json_schema()
