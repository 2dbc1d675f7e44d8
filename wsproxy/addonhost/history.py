"""What flows keep of their messages: bounded lists, and the rest in a file if it is wanted.

mitmproxy keeps every message of a flow in memory until it ends, which a connection that lives
for days does not allow, nor do thousands of connections.
"""

from __future__ import annotations

import logging
import pickle
import tempfile
from typing import IO

from mitmproxy import ctx
from mitmproxy.http import HTTPFlow
from mitmproxy.websocket import WebSocketMessage

from wsproxy.addonhost.own import HISTORY_BYTES, HISTORY_TOTAL

_log = logging.getLogger(__name__)


class Histories:
    """All histories of a proxy, which are bounded together, too."""

    def __init__(self, total: int = HISTORY_TOTAL) -> None:
        """`total`: bytes of content that all of them keep."""
        self.bytes = 0
        """That all of them keep now."""
        self._total = total
        self._most = total
        """Bytes beyond which each is cut down."""
        self._all: set[History] = set()

    def add(self, history: History) -> None:
        """A flow begins to keep messages."""
        self._all.add(history)

    def remove(self, history: History, size: int) -> None:
        """A flow that keeps `size` bytes has ended."""
        self._all.discard(history)
        self.bytes -= size
        self._most = max(self._total, min(self._most, self._later))

    def count(self, size: int) -> None:
        """So many bytes more are kept: beyond the total, each is cut down to its share."""
        self.bytes += size
        if self.bytes > self._most:
            share = _less(self._total) // len(self._all)
            for history in self._all:
                history.trim(share)
            self._most = max(self._total, self._later)

    @property
    def _later(self) -> int:
        """When to look again where the newest messages, which always stay, are too much."""
        return self.bytes + self._total // 10


class History:
    """Appends messages to `flow.websocket.messages`, and trims the list."""

    def __init__(
        self,
        flow: HTTPFlow,
        histories: Histories | None = None,
        *,
        max_bytes: int = HISTORY_BYTES,
    ) -> None:
        self._flow = flow
        self._together = histories or Histories()
        self._limit: int = ctx.options.wsproxy_websocket_history
        self._max_bytes = max_bytes
        self._bytes = 0
        self._trimmed = False
        self._spill: IO[bytes] | None = None
        self._spilled = 0
        if self._limit:
            self._together.add(self)

    def append(self, message: WebSocketMessage) -> None:
        """Add a message; addons see it as `flow.websocket.messages[-1]`."""
        websocket = self._flow.websocket
        assert websocket is not None
        messages = websocket.messages
        messages.append(message)
        if self._limit:
            size = len(message.content)
            self._bytes += size
            if len(messages) > self._limit or self._bytes > self._max_bytes:
                self.trim(self._max_bytes)
            self._together.count(size)

    def trim(self, most: int) -> None:
        """Drop the oldest beyond `most` bytes or too many, and a tenth more: so it is seldom."""
        websocket = self._flow.websocket
        messages = websocket.messages if websocket is not None else []
        sizes = [len(message.content) for message in messages]  # addons may have trimmed, too
        total = sum(sizes)
        keep = self._limit if len(messages) <= self._limit else _less(self._limit)
        count = max(len(messages) - keep, 0)
        left = total - sum(sizes[:count])
        if left > most:
            most = _less(most)
            while left > most and count < len(messages) - 1:
                left -= sizes[count]
                count += 1
        self._together.bytes += left - self._bytes
        self._bytes = left
        if not count:
            return
        if ctx.options.save_stream_file:
            self._keep_aside(messages[:count])
        del messages[:count]
        if not self._trimmed:
            self._trimmed = True
            _log.warning(
                "flow %s: only the newest messages are kept in flow.websocket.messages"
                " (--set wsproxy_websocket_history=0 keeps all)",
                self._flow.id,
            )

    def _keep_aside(self, messages: list[WebSocketMessage]) -> None:
        if self._spill is None:
            self._spill = tempfile.TemporaryFile(prefix="wsproxy-history-")  # noqa: SIM115 - see close
            SPILLED[self._flow.id] = self
        for message in messages:
            pickle.dump(message.get_state(), self._spill)
            self._spilled += 1

    def spilled(self) -> list[WebSocketMessage]:
        """The messages that were dropped from the list, oldest first."""
        if self._spill is None:
            return []
        self._spill.seek(0)
        return [
            WebSocketMessage.from_state(pickle.load(self._spill))  # noqa: S301 - our own file
            for _ in range(self._spilled)
        ]

    def close(self) -> None:
        """The flow has ended."""
        if self._limit:
            self._together.remove(self, self._bytes)
            self._bytes = 0
        SPILLED.pop(self._flow.id, None)
        if self._spill is not None:
            self._spill.close()
            self._spill = None


def _less(most: int) -> int:
    return most - most // 10


SPILLED: dict[str, History] = {}
"""The histories with messages aside, by the id of the flow, for `save` to find."""
