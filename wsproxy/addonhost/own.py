"""The options that wsproxy adds to mitmproxy's; their names begin with `wsproxy_`."""

from __future__ import annotations

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader

HISTORY = 10_000
"""Messages that a flow keeps unless told otherwise."""

HISTORY_BYTES = 64 * 1024 * 1024
"""Bytes of content that a flow keeps, unless its history is unbounded."""

HISTORY_TOTAL = 128 * 1024 * 1024
"""Bytes of content that all flows keep together."""


class OwnOptions:
    """An addon that holds wsproxy's own options."""

    name = "wsproxy"

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "wsproxy_websocket_history",
            int,
            HISTORY,
            "How many messages flow.websocket.messages keeps of each connection; the oldest are"
            " dropped (also beyond 64 MiB, and 128 MiB of all connections). -w writes all of them."
            " 0 keeps everything.",
        )

    def configure(self, updated: set[str]) -> None:
        if "wsproxy_websocket_history" in updated and ctx.options.wsproxy_websocket_history < 0:
            raise exceptions.OptionsError("wsproxy_websocket_history must not be negative")
