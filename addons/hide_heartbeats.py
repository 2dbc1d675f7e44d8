"""Keeps heartbeats out of the flow's messages, so that logs and files show what matters.

The heartbeats themselves pass. `--set heartbeat='^(ping|pong)$'` says what they look like.
"""

import re

from mitmproxy import ctx


class HideHeartbeats:
    def load(self, loader):
        loader.add_option("heartbeat", str, r"^(2|3|ping|pong)$", "What heartbeats look like.")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if message.is_text and re.search(ctx.options.heartbeat, message.text):
            flow.websocket.messages.pop()
        else:
            print(f"{'->' if message.from_client else '<-'} {message}", flush=True)


addons = [HideHeartbeats()]
