"""Counts, sizes and latencies of what messages say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wsproxy.model.records import ConnectionRecord, FrameRecord, MessageRecord
from wsproxy.payloads.decoded import Role
from wsproxy.payloads.sayings import Said

MAX_KINDS = 1000
"""Kinds that are counted apart; what comes after them is counted as `(other)`."""

MAX_TIMES = 100_000
"""Latencies of a kind that are kept for its percentiles: the first ones."""

MAX_GAPS = 5
"""Silences that are kept: the longest ones."""

GAP_SECONDS = 1.0
"""From so much on, a time without any frame is a silence."""

OTHER = "(other)"


@dataclass(slots=True)
class KindStatistics:
    """One kind of one protocol, both directions."""

    protocol: str
    kind: str
    packets: int = 0
    requests: int = 0
    """Packets that ask for an answer."""
    answered: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds until the first answer, of the first MAX_TIMES requests."""

    def percentile(self, percent: float) -> float | None:
        """A latency in seconds; None if nothing was answered."""
        if not self.latencies:
            return None
        times = sorted(self.latencies)
        return times[min(int(len(times) * percent / 100), len(times) - 1)]


class Statistics:
    """Fed with every frame of a capture, in order, and what decoders make of it."""

    def __init__(self) -> None:
        self.frames = [0, 0]
        """Upstream, downstream."""
        self.bytes = [0, 0]
        """Payload bytes on the wire."""
        self.messages = [0, 0]
        self.since: float | None = None
        self.until: float | None = None
        self.gaps: list[tuple[float, float]] = []
        """The longest times in which no frame passed: how long, and since when, the longest first."""
        self.violations: Counter[str] = Counter()
        self.kinds: dict[tuple[str, str], KindStatistics] = {}

    def add(
        self,
        frame_id: int,
        record: FrameRecord,
        message: MessageRecord | None,
        said: Said | None,
    ) -> None:
        """One frame."""
        direction = record.direction
        self.frames[direction] += 1
        self.bytes[direction] += max(record.frame.payload_length, 0)
        if record.message is not None and record.frame.fin:
            self.messages[direction] += 1
        if self.until is not None and record.time - self.until >= GAP_SECONDS:
            gap = (record.time - self.until, self.until)
            self.gaps = sorted([*self.gaps, gap], reverse=True)[:MAX_GAPS]
        self.since = record.time if self.since is None else min(self.since, record.time)
        self.until = record.time if self.until is None else max(self.until, record.time)
        violations = (*record.violations, *(message.violations if message is not None else ()))
        self.violations.update(violation.rule for violation in violations)
        if said is not None:
            self._said(frame_id, said)

    def _said(self, frame_id: int, said: Said) -> None:
        for one, exchange in zip(said.packets, said.exchanges, strict=True):
            mine = self._kind(one.protocol, one.kind)
            mine.packets += 1
            if exchange is None or one.pair is None:
                continue
            if one.pair.role is Role.REQUEST:
                mine.requests += 1
            elif exchange.answer == frame_id and exchange.latency is not None:
                asked = self._kind(exchange.protocol, exchange.kind)
                asked.answered += 1
                if len(asked.latencies) < MAX_TIMES:
                    asked.latencies.append(exchange.latency)

    def _kind(self, protocol: str, kind: str) -> KindStatistics:
        key = (protocol, kind)
        if key not in self.kinds and len(self.kinds) >= MAX_KINDS:
            key = (protocol, OTHER)
        return self.kinds.setdefault(key, KindStatistics(*key))


def sessions(connections: list[ConnectionRecord]) -> list[list[ConnectionRecord]]:
    """Connections that one client made to one path one after the other, joined.

    A client is known by its address and its User-Agent header; a connection that begins while
    the one before it is still open begins a session of its own.
    """
    joined: list[list[ConnectionRecord]] = []
    last: dict[tuple[str, str, str], list[ConnectionRecord]] = {}
    for connection in connections:
        agent = next((v for n, v in connection.request_headers if n.lower() == "user-agent"), "")
        key = (connection.client.rpartition(":")[0], agent, connection.target.partition("?")[0])
        before = last.get(key)
        ended = before[-1].closed if before is not None else None
        if before is not None and ended is not None and ended <= connection.opened:
            before.append(connection)
        else:
            last[key] = [connection]
            joined.append(last[key])
    return joined
