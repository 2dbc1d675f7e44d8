"""Slows down one user's messages: `--set slow_user=alice --set slow_milliseconds=500`.

The user is the query parameter `user` of the WebSocket's URL. Others are not held up.
"""

import asyncio

from mitmproxy import ctx


class SlowDownUser:
    def load(self, loader):
        loader.add_option("slow_user", str, "alice", "Whose messages to slow down.")
        loader.add_option("slow_milliseconds", int, 500, "By how much.")

    async def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if message.from_client and flow.request.query.get("user") == ctx.options.slow_user:
            await asyncio.sleep(ctx.options.slow_milliseconds / 1000)


addons = [SlowDownUser()]
