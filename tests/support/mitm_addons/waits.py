"""Coroutines as hooks: one at a time for a flow, whichever direction the messages take."""

import asyncio


class Waits:
    def __init__(self):
        self.inside = 0

    async def websocket_start(self, flow):
        print("ADDON start", flush=True)
        await asyncio.sleep(0.05)
        print("ADDON started", flush=True)

    async def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        self.inside += 1
        print("ADDON in", message, self.inside, flush=True)
        await asyncio.sleep(0.02)
        message.content += b" waited"
        print("ADDON out", message, self.inside, flush=True)
        self.inside -= 1

    async def request(self, flow):
        await asyncio.sleep(0.01)
        flow.request.headers["x-waited"] = "yes"

    async def websocket_end(self, flow):
        print("ADDON end", len(flow.websocket.messages), flush=True)


addons = [Waits()]
