"""What comes to a capture while it is written."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Query, Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.store.browser import CaptureBrowser
from wsproxy.store.reader import Capture

AT_ONCE = 1000
"""Frames that are read at a time."""


class News(NamedTuple):
    """What came since the last look."""

    frames: list[Seen]
    faults: list[FaultRecord]
    http: list[HttpRecord]
    opened: list[ConnectionRecord]
    ended: list[ConnectionRecord]


class Following:
    """Reads on behind what is known of a capture."""

    PAUSE: ClassVar[float] = 0.2
    """Seconds to wait between two calls of `news`."""

    def __init__(
        self,
        capture: Capture,
        connection_id: int | None,
        connections: dict[int, ConnectionRecord],
        after: int,
        *,
        everything: bool = False,
    ) -> None:
        """`connections`, by id, are kept up to date; `after` is the last frame that is known.

        `everything`: faults and requests that are there already are news, too.
        """
        self._capture = capture
        self._browser = CaptureBrowser(capture.path)
        self._query = Query(connection_id)
        self._connections = connections
        self._after = after
        self._request = self._fault = 0
        if everything:
            return
        self._request = max(
            (each.id for each in capture.http.list(newest=True, limit=1)), default=0
        )
        self._fault = max((row for row, _ in capture.faults_after(0, connection_id)), default=0)

    def news(self) -> News:
        """What came since the last call; raises CaptureError."""
        opened, ended = [], []
        for each in self._changed():
            known = self._connections.get(each.id)
            self._connections[each.id] = each
            if self._query.connection_id not in (None, each.id):
                continue
            if each.status is not None and (known is None or known.status is None):
                opened.append(each)
            if each.end is not None and (known is None or known.end is None):
                ended.append(each)
        page = self._browser.page(self._query, after=self._after, limit=AT_ONCE)
        frames = list(self._browser.pick([seen.id for seen in page.rows]))
        if frames:
            self._after = frames[-1].id
        faults = list(self._capture.faults_after(self._fault, self._query.connection_id))
        if faults:
            self._fault = faults[-1][0]
        http = self._capture.http.list(self._request, AT_ONCE, keep=None)
        if http:
            self._request = http[-1].id
        number = self._query.connection_id
        http = [each for each in http if number in (None, each.connection_id)]
        return News(frames, [record for _, record in faults], http, opened, ended)

    def connection(self, number: int) -> ConnectionRecord | None:
        """One connection."""
        return self._browser.connection(number)

    def close(self) -> None:
        """Close the files."""
        self._browser.close()

    def _changed(self) -> list[ConnectionRecord]:
        newest = max(self._connections, default=0)
        open_ = [each.id for each in self._connections.values() if each.end is None]
        again = (self._browser.connection(number) for number in open_)
        return [*filter(None, again), *self._browser.connections(newest)]
