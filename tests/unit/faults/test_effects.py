"""What each fault does, message by message: tables without sockets and without waiting."""

from __future__ import annotations

import json
import statistics

import pytest

from tests.support.fault_rig import DOWN, UP, Rig, bytes_of, wire
from tests.support.framedecoder import FrameDecoder
from tests.support.recording import batch_of
from wsproxy.faults.chain import RECORDED_BYTES
from wsproxy.faults.kinds.malformed import WAYS
from wsproxy.faults.registry import FAULT_TYPES, strike_mark
from wsproxy.model.records import Direction, FaultRecord
from wsproxy.protocol.close import encode_close
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder


def test_latency_counts_from_when_a_message_came() -> None:
    rig = Rig({"type": "latency", "latency": "200ms"})
    first = rig.passes("1")
    rig.now += 0.05
    second = rig.passes("2")
    assert [at for at, _ in first + second] == [0.2, 0.25]
    assert rig.control(9) == [(0.25, make_frame(9, b"").wire)]


def test_a_strike_records_the_beginning_of_a_large_message_only() -> None:
    rig = Rig({"type": "drop", "probability": 1})
    assert rig.passes(bytes(2 * RECORDED_BYTES)) == []
    (record,) = rig.records
    assert len(record.before) == RECORDED_BYTES


def test_latency_with_jitter_has_the_mean_that_was_asked_for() -> None:
    rig = Rig({"type": "latency", "latency": "200ms", "jitter": "100ms"})
    delays = []
    for _ in range(5000):
        ((at, _),) = rig.passes("x")
        delays.append(at - (rig.now - 1000.0))
        rig.now += 0.5
    assert abs(statistics.mean(delays) - 0.2) <= 0.005
    assert min(delays) >= 0.0999
    assert max(delays) <= 0.3001
    assert statistics.stdev(delays) > 0.05


def test_two_latencies_add_up() -> None:
    rig = Rig(
        {"type": "latency", "latency": "200ms"},
        {"type": "latency", "name": "more", "latency": "100ms"},
    )
    assert rig.passes("1")[0][0] == 0.3


def test_bandwidth_is_a_line_that_is_busy() -> None:
    rig = Rig({"type": "bandwidth", "rate": "1000B/s"})
    sent = rig.passes(bytes(496), bytes(496))  # 500 bytes with the header
    assert bytes_of(sent) == b"".join(wire(bytes(496), bytes(496)))
    assert sent[-1][0] == pytest.approx(1.0)
    times = [at for at, _ in sent]
    assert times == sorted(times)
    assert max(len(data) for _, data in sent) <= 50  # a twentieth of a second's
    rig.now += 10.0
    assert rig.passes(bytes(496))[-1][0] == pytest.approx(10.5)  # an idle line saves nothing up


def test_drop() -> None:
    rig = Rig({"type": "drop"})
    assert rig.passes("gone") == []
    assert (rig.records[0].before, rig.records[0].after) == (b"gone", b"")


def test_duplicate() -> None:
    sent = Rig({"type": "duplicate", "copies": 2}).passes("x")
    assert [data for _, data in sent] == wire("x", "x", "x")


def test_duplicates_are_late_together_with_what_they_double() -> None:
    rig = Rig({"type": "latency", "latency": "1s"}, {"type": "duplicate"})
    assert [at for at, _ in rig.passes("x")] == [1.0, 1.0]


def test_reorder_shuffles_a_window_and_loses_nothing() -> None:
    rig = Rig({"type": "reorder", "window": 10, "wait": "1s"})
    contents = [str(number) for number in range(10)]
    assert rig.passes(*contents[:9]) == []
    sent = [data for _, data in rig.passes(contents[9])]
    assert sorted(sent) == wire(*contents)
    assert sent != wire(*contents)
    assert rig.records


def test_reorder_waits_no_longer_than_told() -> None:
    rig = Rig({"type": "reorder", "window": 3, "wait": "1s"})
    rig.passes("1")
    assert rig.wait(0.9) == []
    assert [data for _, data in rig.wait(0.2)] == wire("1")


def test_a_close_frame_overtakes_nothing_and_a_ping_does() -> None:
    rig = Rig({"type": "reorder", "window": 3})
    rig.passes("1")
    assert [data for _, data in rig.control(9)] == [make_frame(9, b"").wire]
    assert [data for _, data in rig.control(8)] == [*wire("1"), make_frame(8, b"").wire]


def test_what_reorder_holds_comes_back() -> None:
    for end in ("removed", "over", "eof"):
        rig = Rig({"type": "reorder", "window": 5, "for": "10s", "wait": "1m"})
        assert rig.passes("1", "2") == []
        if end == "removed":
            rig.faults.remove("reorder")
            assert rig.chain.active  # there is still something to give back
            sent = rig.wait(0.0)
        elif end == "over":
            sent = rig.wait(11.0)
        else:
            sent = rig.done(rig.chain.ended(rig.now))
        assert sorted(data for _, data in sent) == wire("1", "2"), end
        assert rig.wait(60.0) == []
        assert not rig.chain.active


@pytest.mark.parametrize(("unit", "count"), [("bits", 1), ("bits", 7), ("bytes", 3), ("bytes", 99)])
def test_corrupt(unit: str, count: int) -> None:
    rig = Rig({"type": "corrupt", "unit": unit, "count": count})
    ((_, data),) = rig.passes(bytes(20))
    assert isinstance(data, bytes)
    payload = data[2:]
    assert len(payload) == 20
    damaged = [byte.bit_count() if unit == "bits" else byte != 0 for byte in payload]
    assert sum(damaged) == min(count, 20 * (8 if unit == "bits" else 1))
    assert rig.records[0].after == payload


def test_corrupting_nothing() -> None:
    assert [data for _, data in Rig({"type": "corrupt"}).passes("")] == wire("")


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ({"pattern": "cat", "replacement": "dog"}, "a cat, a cat", "a dog, a dog"),
        ({"pattern": "(\\w+) (\\w+)", "replacement": "\\2 \\1"}, "a b", "b a"),
        ({"pattern": "x", "replacement": "y"}, "nothing", "nothing"),
        ({"pointer": "/a/0/b", "value": [1]}, '{"a": [{"b": 2}]}', '{"a": [{"b": [1]}]}'),
        ({"pointer": "/a", "value": "null"}, '{"a": 1}', '{"a": null}'),
        ({"pointer": "/missing/b", "value": 1}, '{"a": 1}', '{"a": 1}'),
        ({"pointer": "/a", "value": 1}, "no json", "no json"),
    ],
)
def test_replace(spec: dict[str, object], before: str, after: str) -> None:
    rig = Rig({"type": "replace"} | spec)
    ((_, data),) = rig.passes(before)
    assert isinstance(data, bytes)
    if "pointer" in spec and after != "no json":
        assert json.loads(data[2:]) == json.loads(after)
    else:
        assert data[2:].decode() == after
    assert len(rig.records) == (before != after)


def test_inject_behind_a_match_and_at_a_time() -> None:
    rig = Rig({"type": "inject", "content": "extra", "match": "~b go"})
    assert [data for _, data in rig.passes("no", "go")] == wire("no", "go", "extra")
    rig = Rig(
        {
            "type": "inject",
            "content": "/w==",
            "encoding": "base64",
            "opcode": "binary",
            "after": "2s",
        }
    )
    assert rig.wait(1.9) == []
    assert [data for _, data in rig.wait(0.2)] == wire(b"\xff")
    assert [data for _, data in rig.passes("1")] == wire("1")
    assert not rig.chain.active


@pytest.mark.parametrize("size", [0, 1, 2, 10, 300])
def test_fragment(size: int) -> None:
    rig = Rig(
        {"type": "fragment", "frames": 3, "pings": True, "direction": "upstream"}, direction=UP
    )
    frames = FrameDecoder().feed(bytes_of(rig.passes(bytes(range(256))[:size] * 2)))
    assert [frame.opcode for frame in frames] == [2, 9, 0, 9, 0]
    assert [frame.fin for frame in frames] == [False, True, False, True, True]
    assert all(frame.masked for frame in frames)
    content = b"".join(frame.payload for frame in frames if not frame.is_control)
    assert content == bytes(range(256))[:size] * 2


def test_fragment_and_slicer_and_bandwidth_together() -> None:
    rig = Rig(
        {"type": "slicer", "size": 2, "pause": "10ms"},
        {"type": "fragment", "frames": 2},
        {"type": "latency", "latency": "1s"},
    )
    sent = rig.passes("abcd")
    expected = make_frame(1, b"ab", fin=False).wire + make_frame(0, b"cd").wire
    assert bytes_of(sent) == expected
    assert [at for at, _ in sent] == [1.0, 1.01, 1.02, 1.03]


def test_slicer_varies() -> None:
    rig = Rig({"type": "slicer", "size": 10, "variation": 5})
    sizes = {len(data) for _, data in rig.passes(bytes(1000))[:-1]}
    assert min(sizes) >= 5
    assert max(sizes) <= 15
    assert len(sizes) > 3


@pytest.mark.parametrize(("keep", "size"), [(0.5, 6), (0.0, 1), (1.0, 11)])
def test_truncate(keep: float, size: int) -> None:
    rig = Rig({"type": "truncate", "keep": keep, "cut": "reset"})
    sent = rig.passes("0123456789")
    assert sent == [(0.0, wire("0123456789")[0][:size]), (0.0, "reset")]


def test_limit_data_counts_over_messages() -> None:
    rig = Rig({"type": "limit_data", "bytes": 10})
    assert rig.passes("12345", "12345") == [
        (0.0, wire("12345")[0]),
        (0.0, wire("12345")[0][:3]),
        (0.0, "close"),
    ]
    assert rig.passes("after") == []


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("direction", [UP, DOWN])
def test_malformed_breaks_the_rules(how: str, direction: Direction) -> None:
    rig = Rig({"type": "malformed", "how": how, "direction": "both"}, direction=direction)
    sent = rig.passes("ok")
    assert sent[-1][1] == wire("ok", direction=rig.direction)[0]
    decoder = StreamDecoder(1, rig.direction)
    _, first = next(iter(batch_of((decoder, 0.0, bytes_of(sent))).block.frames()))
    assert first.violations


def test_close_at_its_time_is_the_last_thing_that_is_sent() -> None:
    rig = Rig({"type": "close", "code": 1012, "reason": "restart", "after": "1s"})
    assert [data for _, data in rig.passes("before")] == wire("before")
    close = make_frame(8, encode_close(1012, "restart")).wire
    assert [data for _, data in rig.wait(2.0)] == [close]
    assert rig.passes("after") == []
    assert rig.control(8) == []
    assert len(rig.records) == 1


def test_close_takes_the_place_of_a_message() -> None:
    rig = Rig({"type": "close", "match": "~b now"})
    sent = rig.passes("before", "now", "after", "now")
    assert [data for _, data in sent] == [*wire("before"), make_frame(8, encode_close(1011)).wire]


def test_reset() -> None:
    assert Rig({"type": "reset", "nth": 2}).passes("1", "2") == [
        (0.0, wire("1")[0]),
        (0.0, "reset"),
    ]
    rig = Rig({"type": "reset", "after": "3s"})
    assert rig.wait(5.0) == [(3.0, "reset")]


def test_stall_is_over_when_its_time_is_or_it_is_removed() -> None:
    rig = Rig({"type": "stall", "after": "1s", "for": "2s"})
    assert rig.wait(10.0) == [(1.0, "stall"), (3.0, "resume")]
    assert not rig.chain.active
    rig = Rig({"type": "stall", "nth": 1})
    assert rig.passes("1") == [(0.0, "stall"), (0.0, wire("1")[0])]
    assert rig.chain.active
    rig.faults.reset()
    assert rig.wait(0.0) == [(0.0, "resume")]
    assert not rig.chain.active


def test_stall_that_is_cut() -> None:
    rig = Rig({"type": "stall", "cut_after": "5s", "cut": "reset"})
    assert rig.wait(10.0) == [(0.0, "stall"), (5.0, "reset")]


def test_slow_close_delays_nothing_else() -> None:
    rig = Rig({"type": "slow_close", "delay": "2s"})
    assert [at for at, _ in rig.passes("x")] == [0.0]
    assert [at for at, _ in rig.control(9)] == [0.0]
    assert [at for at, _ in rig.control(8)] == [2.0]


def test_ping_flood() -> None:
    rig = Rig({"type": "ping_flood", "rate": 10, "payload": "p", "count": 25})
    sent = rig.wait(1.05)
    assert [data for _, data in sent] == [make_frame(9, b"p").wire] * 11
    assert len(rig.wait(100.0)) == 14
    assert not rig.chain.active


def test_no_pong() -> None:
    rig = Rig({"type": "no_pong"})
    assert rig.control(10, b"context") == []
    assert rig.control(9)
    assert rig.passes("x")


def test_a_fault_strikes_no_sooner_than_at_its_time() -> None:
    rig = Rig({"type": "inject", "content": "x", "after": "1s"})
    rig.now += 0.96
    assert rig.done(rig.chain.tick(rig.now)) == []
    rig.now += 0.04
    assert len(rig.done(rig.chain.tick(rig.now))) == 1


DELAYING = {"latency", "bandwidth", "slicer", "reorder", "stall", "slow_close"}
"""Types of faults that only make things late."""


@pytest.mark.parametrize("type_", FAULT_TYPES)
def test_marks_of_strikes(type_: str) -> None:
    """`~delayed` is for what came late and whole, `~faulted` for all else."""
    strike = FaultRecord(1, DOWN, 1.0, "f", type_)
    assert strike_mark(strike) == ("delayed" if type_ in DELAYING else "faulted")
