"""Specs: from JSON and back, from one line, and every fault's own example."""

from __future__ import annotations

import re

import pytest

from wsproxy.errors import FaultError
from wsproxy.faults.attributes import attributes_of
from wsproxy.faults.base import Fault
from wsproxy.faults.oneline import parse_line
from wsproxy.faults.registry import FAULT_TYPES
from wsproxy.faults.spec import FIELDS, parse_spec


@pytest.mark.parametrize("fault", FAULT_TYPES.values(), ids=FAULT_TYPES)
def test_every_fault_is_documented_and_its_example_works(fault: type[Fault]) -> None:
    summary, effect = fault.documentation()
    assert summary.endswith(".")
    assert effect.endswith(".")
    assert not set(FIELDS) & {item.name for item in attributes_of(fault)}
    spec = parse_line(fault.example)
    assert isinstance(spec.fault, fault)
    assert spec.explain().startswith(f"{fault.type}: ")
    assert re.search(r"[a-z0-9)'\"]$", spec.explain())


@pytest.mark.parametrize("fault", FAULT_TYPES.values(), ids=FAULT_TYPES)
def test_json_and_back(fault: type[Fault]) -> None:
    spec = parse_line(fault.example)
    assert parse_spec(spec.as_json()) == spec or spec.match is not None
    assert parse_spec(spec.as_json()).as_json() == spec.as_json()


def test_a_line_with_everything() -> None:
    spec = parse_line(
        "latency:latency=200ms,jitter=50ms,direction=both,name=slow,toxicity=0.5,match=~b a,b|~ping,"
        "probability=0.5,every=2,first=10,after=1s,for=1m,enabled=false"
    )
    raw = spec.as_json()
    assert raw == {
        "name": "slow",
        "type": "latency",
        "direction": "both",
        "toxicity": 0.5,
        "enabled": False,
        "match": "~b a,b|~ping",
        "probability": 0.5,
        "every": 2,
        "first": 10,
        "nth": None,
        "after": "1s",
        "for": "1m",
        "attributes": {"latency": "200ms", "jitter": "50ms"},
    }


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("inject:content=a,b", "a,b"),
        ("inject:content=a\\,opcode=b", "a,opcode=b"),
        ('inject:content={"a": 1, "b": "x=y"}', '{"a": 1, "b": "x=y"}'),
        ("inject:content=a:b", "a:b"),
        ("inject:content=", ""),
    ],
)
def test_commas_in_values(line: str, content: str) -> None:
    assert parse_line(line).as_json()["attributes"]["content"] == content


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "there is no fault ''"),
        ("latenzy:latency=1s", "did you mean latency?"),
        ("latency:200ms", "write '200ms' as name=value"),
        ("latency:latency=1s,latency=2s", "latency is given twice"),
        ("latency:latency=1s,directoin=both", "did you mean direction?"),
        ("latency:latency=200", "latency: 200 lacks its unit; write for instance 200ms"),
        ("bandwidth:rate=64", "rate: 64 lacks its unit; write for instance 64KB/s"),
        ("drop:probability=500%", "5.0 is not from 0 to 1"),
        ("bandwidth:rate=0", "nothing passes at a rate of 0"),
        ("close:code=999", "code: 999 is not from 1000 to 4999"),
        ("fragment:frames=2,pings=perhaps", "neither true nor false"),
        ("close:reason=" + "x" * 124, "room for 123 bytes"),
        ("inject:content=zz,encoding=hex", "this is not hex"),
        ("ping_flood:payload=" + "x" * 126, "room for 125 bytes"),
        ("refuse:answer=late", "answer late needs a delay"),
        ("replace:pattern=a,pointer=/a", "either pattern"),
        ("replace:pointer=a", "must begin with /"),
    ],
)
def test_errors_in_a_line(line: str, message: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_line(line)
    assert message in str(error.value)


def test_names_are_made_up_where_they_are_missing() -> None:
    taken: list[str] = []
    for expected in ("drop", "drop-2", "drop-3"):
        spec = parse_line("drop", taken)
        assert spec.name == expected
        taken.append(spec.name)


def test_a_share_may_be_a_percentage() -> None:
    assert parse_line("drop:probability=5%").probability == 0.05


def test_ordinals() -> None:
    for number, word in ((1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd")):
        assert f"every {word} message" in parse_line(f"drop:every={number}").explain()
