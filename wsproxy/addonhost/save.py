"""mitmproxy's `save` addon (-w), which also writes the messages that a flow no longer keeps."""

from __future__ import annotations

from mitmproxy import flow as mitm_flow
from mitmproxy import http
from mitmproxy.addons.save import Save as MitmSave

from wsproxy.addonhost.history import SPILLED


class Save(MitmSave):
    """Writes flows whole, whatever their history was trimmed to."""

    name = "save"

    def save_flow(self, flow: mitm_flow.Flow) -> None:
        history = SPILLED.get(flow.id)
        if history is None or not isinstance(flow, http.HTTPFlow) or flow.websocket is None:
            super().save_flow(flow)
            return
        kept = flow.websocket.messages
        flow.websocket.messages = [*history.spilled(), *kept]
        try:
            super().save_flow(flow)
        finally:
            flow.websocket.messages = kept
