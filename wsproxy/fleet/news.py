"""What the capture's writer tells the sender, from its own thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from wsproxy.fleet.interfaces import Place, Placed
from wsproxy.model.batches import Batch

FRESH_BYTES = 2 * 1024 * 1024
"""Of batches that stay in memory for the sender: while it keeps up, it need not read the capture.
Where it does not, the oldest go; large ones are read from the capture, which costs less than memory
that nobody uses again soon."""


class News:
    """What was written, and which connections changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[int, None] = {}
        self._fresh: deque[tuple[Place, Placed]] = deque()
        self._fresh_bytes = 0
        self.end: Place = (1, 0)
        """Up to where the capture can be read."""
        self._wake: Callable[[], object] = lambda: None

    def written(
        self, connections: list[int], batch: Batch | None, since: Place, until: Place, end: Place
    ) -> None:
        """A batch was committed, which lies from `since` to `until`, and all before `end`; these
        connections changed.
        """
        with self._lock:
            self.end = end
            if batch is not None and until > since:
                self._fresh.append((since, (batch, until)))
                self._fresh_bytes += batch.weight
            while self._fresh_bytes > FRESH_BYTES:
                self._drop()
        self.again(connections)

    def again(self, connections: list[int]) -> None:
        """These connections have to be told of."""
        with self._lock:
            self._connections.update(dict.fromkeys(connections))
        self._wake()

    def on_news(self, wake: Callable[[], object]) -> None:
        """Call `wake`, on the writer's thread, when there is something."""
        self._wake = wake

    def __bool__(self) -> bool:
        return bool(self._connections)

    def take(self, most: int) -> list[int]:
        """Connections that changed and were not taken yet."""
        with self._lock:
            taken = list(self._connections)[:most]
            for number in taken:
                del self._connections[number]
        return taken

    def fresh(self, place: Place, size: int) -> list[Placed]:
        """About `size` bytes of what lies from `place` on, as far as it is still in memory."""
        found: list[Placed] = []
        with self._lock:
            while self._fresh and self._fresh[0][0] < place:
                self._drop()
            for since, placed in self._fresh:
                if since != place or size <= 0:
                    break
                found.append(placed)
                _, place = placed
                size -= placed[0].weight
        return found

    def _drop(self) -> None:
        _, (batch, _) = self._fresh.popleft()
        self._fresh_bytes -= batch.weight
