"""What the API says of a capture's statistics, as JSON Schema."""

from __future__ import annotations

from typing import Any

from wsproxy.web.shapes import (
    ANY,
    COUNTS,
    INTEGER,
    MAYBE_NUMBER,
    NUMBER,
    STRING,
    list_of,
    object_of,
    ref,
)

STATISTICS: dict[str, Any] = {
    "WayStatistics": object_of(frames=INTEGER, messages=INTEGER, bytes=INTEGER),
    "KindStatistics": object_of(
        protocol=STRING,
        kind=STRING,
        packets=INTEGER,
        requests=INTEGER,
        answered=INTEGER,
        unanswered=INTEGER,
        p50=MAYBE_NUMBER,
        p95=MAYBE_NUMBER,
        p99=MAYBE_NUMBER,
    ),
    "Statistics": object_of(
        since=MAYBE_NUMBER,
        until=MAYBE_NUMBER,
        connections=INTEGER,
        sessions=INTEGER,
        reconnects=INTEGER,
        reconnected=list_of(ANY),
        gaps=list_of(object_of(since=NUMBER, seconds=NUMBER)),
        http=COUNTS,
        endings=COUNTS,
        upstream=ref("WayStatistics"),
        downstream=ref("WayStatistics"),
        violations=COUNTS,
        left_out=COUNTS,
        kinds=list_of("KindStatistics"),
    ),
}
