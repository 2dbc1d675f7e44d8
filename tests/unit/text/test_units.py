"""Durations, sizes and rates: tables of what is read and what is shown."""

from __future__ import annotations

import pytest

from wsproxy.text.units import (
    parse_duration,
    parse_rate,
    parse_size,
    show_duration,
    show_rate,
    show_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("64k", 64_000), ("2 GB", 2_000_000_000), ("1MiB", 1048576), ("1.5kb", 1500)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize("text", ["", "big", "-1", "1TB", "MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("64KB/s", 64_000), ("64 KB / s", 64_000), ("1000B", 1000), ("1MiB/s", 1048576)],
)
def test_rates(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "message"), [("64KB/m", "is not a rate"), ("64", "64 lacks its unit")]
)
def test_what_is_no_rate(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_rate(text)


@pytest.mark.parametrize("rate", [1, 999, 4097, 64_000, 1048576])
def test_a_rate_is_read_as_it_is_shown(rate: int) -> None:
    assert parse_rate(show_rate(rate)) == rate


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("200ms", 0.2, "200ms"),
        ("0", 0.0, "0s"),
        ("1.5s", 1.5, "1.5s"),
        ("90s", 90.0, "90s"),
        ("2m", 120.0, "2m"),
        ("1h", 3600.0, "60m"),
        ("250us", 0.00025, "0.25ms"),
    ],
)
def test_durations(text: str, seconds: float, shown: str) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert show_duration(seconds) == shown
    assert parse_duration(shown) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-1s", "negative time"),
        ("200", "200 lacks its unit; write for instance 200ms or 200s"),
        ("soon", "not a duration"),
        ("9999h", "longer than 30 days"),
    ],
)
def test_what_is_no_duration(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_duration(text)
