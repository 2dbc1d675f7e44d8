"""What a flow keeps of its messages: a bounded list, and the rest in a file if it is wanted.

mitmproxy keeps every message of a flow in memory until it ends, which a connection that lives
for days does not allow.
"""

from __future__ import annotations

import logging
import pickle
import tempfile
from typing import IO

from mitmproxy import ctx
from mitmproxy.http import HTTPFlow
from mitmproxy.websocket import WebSocketMessage

from wsproxy.addonhost.own import HISTORY_BYTES

_log = logging.getLogger(__name__)


class History:
    """Appends messages to `flow.websocket.messages`, and trims the list."""

    def __init__(self, flow: HTTPFlow, *, max_bytes: int = HISTORY_BYTES) -> None:
        self._flow = flow
        self._limit: int = ctx.options.wsproxy_websocket_history
        self._max_bytes = max_bytes if self._limit else 0
        self._bytes = 0
        self._trimmed = False
        self._spill: IO[bytes] | None = None
        self._spilled = 0

    def append(self, message: WebSocketMessage) -> None:
        """Add a message; addons see it as `flow.websocket.messages[-1]`."""
        websocket = self._flow.websocket
        assert websocket is not None
        messages = websocket.messages
        messages.append(message)
        if self._limit:
            self._bytes += len(message.content)
            if len(messages) > self._limit or self._bytes > self._max_bytes:
                self._trim(messages)

    def _trim(self, messages: list[WebSocketMessage]) -> None:
        """Drop the oldest, and a tenth more so that this happens seldom."""
        total = sum(len(message.content) for message in messages)  # addons may have trimmed, too
        keep = self._limit
        if len(messages) > keep:
            keep -= keep // 10
        count = max(len(messages) - keep, 0)
        size = sum(len(message.content) for message in messages[:count])
        while total - size > self._max_bytes and count < len(messages) - 1:
            size += len(messages[count].content)
            count += 1
        self._bytes = total - size
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
        SPILLED.pop(self._flow.id, None)
        if self._spill is not None:
            self._spill.close()
            self._spill = None


SPILLED: dict[str, History] = {}
"""The histories with messages aside, by the id of the flow, for `save` to find."""
