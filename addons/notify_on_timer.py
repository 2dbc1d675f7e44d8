"""Injects a notification from the server every few seconds, into every open WebSocket.

`--set notification='{"event": "maintenance"}' --set notify_seconds=10`.
"""

import asyncio

from mitmproxy import ctx


class NotifyOnTimer:
    def __init__(self):
        self.tasks = {}

    def load(self, loader):
        loader.add_option("notification", str, '{"event": "maintenance"}', "What to send.")
        loader.add_option("notify_seconds", str, "10", "How often, in seconds.")

    def websocket_start(self, flow):
        self.tasks[flow.id] = asyncio.create_task(self.notify(flow))

    def websocket_end(self, flow):
        self.tasks.pop(flow.id).cancel()

    async def notify(self, flow):
        while True:
            await asyncio.sleep(float(ctx.options.notify_seconds))
            text = ctx.options.notification.encode()
            ctx.master.commands.call("inject.websocket", flow, True, text)


addons = [NotifyOnTimer()]
