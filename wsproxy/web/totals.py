"""How much passes: sums for each connection, and rates."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from wsproxy.model.batches import Batch
from wsproxy.model.queries import Traffic
from wsproxy.model.records import ConnectionRecord

WINDOW_SECONDS = 5.0
"""What rates are the mean of."""

MAX_CONNECTIONS = 20_000
"""Connections whose sums are kept in memory; the oldest ones go first."""


MAX_LATEST = 1000
"""Connections that are remembered as they are, for the moments until they are written."""


class Rate(NamedTuple):
    """Per second, each (upstream, downstream)."""

    frames: tuple[float, float]
    bytes: tuple[float, float]


class Totals:
    """Sums of what passed; a part of the feed's watching."""

    def __init__(self) -> None:
        self.frames = 0
        """All frames since the start."""
        self.bytes = 0
        self.earliest_id = 1
        """The first frame that this process saw has this id."""
        self.newest_id = 0
        self._sums: dict[int, list[int]] = {}
        self._latest: dict[int, ConnectionRecord] = {}
        self._recent: deque[tuple[float, int, int, int, int]] = deque()
        self.paused: dict[int, set[str]] = {}
        """Directions that somebody paused over the API, of open connections."""
        self.latest_http: deque[int] = deque(maxlen=MAX_LATEST)
        """Requests of plain HTTP that the capture may not have yet."""
        self.changed: set[int] = set()
        """Connections with traffic since somebody emptied this."""

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Remember a connection while the capture may not have it yet."""
        self._latest.pop(connection.id, None)
        self._latest[connection.id] = connection
        if connection.end is not None:
            self.paused.pop(connection.id, None)
        while len(self._latest) > MAX_LATEST:
            del self._latest[next(iter(self._latest))]

    def latest(self) -> dict[int, ConnectionRecord]:
        """The connections that changed last, as they are now, by their ids in ascending order."""
        return dict(sorted(self._latest.items()))

    def start_with(self, traffic: dict[int, Traffic], *, count: bool = False) -> None:
        """Add what a capture had already; with `count` to the sums of all, too."""
        for number, earlier in traffic.items():
            sums = self._sums.setdefault(number, [0, 0, 0, 0])
            for place, amount in enumerate(earlier):
                sums[place] += amount
            if count:
                self.frames += earlier[0] + earlier[1]
                self.bytes += earlier[2] + earlier[3]

    def add(self, batch: Batch, now: float) -> None:
        """Count what passed."""
        if not self.newest_id:
            self.earliest_id = batch.first_id
        self.newest_id = batch.last_id
        self.latest_http.extend(record.id for record in batch.http)
        sums = self._sums
        passed = [0, 0, 0, 0]
        for key, (frames, size) in batch.traffic.items():
            number, down = key >> 1, key & 1
            mine = sums.get(number)
            if mine is None:
                mine = sums[number] = [0, 0, 0, 0]
            mine[down] += frames
            mine[2 + down] += size
            passed[down] += frames
            passed[2 + down] += size
            self.changed.add(number)
        for note in batch.notes:
            connection = self._latest.get(note.connection_id)
            if connection is not None and note.message is None:
                connection.note, connection.marked = note.text, note.marked
        self.frames += passed[0] + passed[1]
        self.bytes += passed[2] + passed[3]
        self._recent.append((now, *passed))  # type: ignore[arg-type]
        self._forget(now)

    def of(self, connection_id: int) -> Traffic | None:
        """The sums of a connection."""
        sums = self._sums.get(connection_id)
        return (sums[0], sums[1], sums[2], sums[3]) if sums else None

    def rate(self, now: float) -> Rate:
        """What passed a second, lately."""
        self._forget(now)
        columns = list(zip(*self._recent, strict=True))[1:] or [(0,)] * 4
        up, down, bytes_up, bytes_down = (sum(column) / WINDOW_SECONDS for column in columns)
        return Rate((up, down), (bytes_up, bytes_down))

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - WINDOW_SECONDS:
            self._recent.popleft()
        while len(self._sums) > MAX_CONNECTIONS:
            del self._sums[next(iter(self._sums))]
