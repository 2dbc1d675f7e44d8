"""Durations, sizes and rates as people write them."""

from __future__ import annotations

import re

_SIZES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1024, "mi": 1024**2, "gi": 1024**3}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?$", re.IGNORECASE)

_NUMBER = re.compile(r"\d+(?:\.\d+)?$")

MAX_DURATION = 30 * 86400
"""Seconds; event loops cannot wait for ever."""

_DURATIONS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h)$", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes from `4096`, `64k`, `2 GB`, `1MiB`; raises ValueError for anything else."""
    match = _SIZE.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a size; write for instance 500MB, 2GB or 64KiB")
    return int(float(match[1]) * _SIZES[(match[2] or "").lower()])


def parse_rate(text: str) -> int:
    """Bytes a second from `64KB/s` or `500B`; raises ValueError for anything else."""
    size = re.sub(r"\s*/\s*s$", "", text.strip(), flags=re.IGNORECASE)
    if _NUMBER.match(size):
        raise ValueError(f"{text} lacks its unit; write for instance {size}KB/s or {size}B/s")
    try:
        return parse_size(size)
    except ValueError:
        raise ValueError(f"{text!r} is not a rate; write for instance 64KB/s or 1MB/s") from None


def show_rate(rate: int) -> str:
    """What parse_rate reads: `64KB/s`, `4097B/s`."""
    shown = show_size(rate)
    return f"{shown}{'B' if shown.isdigit() else ''}/s"


def parse_duration(text: str) -> float:
    """Seconds from `200ms`, `2s`, `1.5m`, `1h` or `0`; raises ValueError for anything else."""
    text = text.strip()
    if text == "0":
        return 0.0
    match = _DURATION.match(text)
    if not match:
        if text.startswith("-"):
            raise ValueError(f"{text} is a negative time")
        if _NUMBER.match(text):
            raise ValueError(f"{text} lacks its unit; write for instance {text}ms or {text}s")
        raise ValueError(f"{text!r} is not a duration; write for instance 200ms, 2s or 1m")
    seconds = float(match[1]) * _DURATIONS[match[2].lower()]
    if seconds > MAX_DURATION:
        raise ValueError(f"{text} is longer than {MAX_DURATION // 86400} days")
    return seconds


def show_duration(seconds: float) -> str:
    """What parse_duration reads: `200ms`, `2s`, `1m`."""
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g}m"
    if seconds and seconds < 1:
        return f"{round(seconds * 1000, 3):g}ms"
    return f"{seconds:g}s"


def show_size(size: int) -> str:
    """What parse_size reads: `64KB`, `1MiB`, `4097`."""
    for unit, factor in (("GB", 1000**3), ("MB", 1000**2), ("KB", 1000), ("KiB", 1024)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
