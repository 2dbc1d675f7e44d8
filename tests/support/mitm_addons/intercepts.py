"""Intercepts flows and resumes them later: nothing moves meanwhile, in either direction."""

import asyncio

from mitmproxy import ctx


class Intercepts:
    def __init__(self):
        self.tasks = set()

    def pause(self, flow, what):
        print("ADDON intercept", what, flush=True)
        flow.intercept()
        task = asyncio.create_task(self.resume(flow, what))
        self.tasks.add(task)

    async def resume(self, flow, what):
        await asyncio.sleep(0.05)
        print("ADDON resume", what, flow.intercepted, flush=True)
        ctx.master.commands.call("flow.resume", [flow])

    def request(self, flow):
        self.pause(flow, "request")

    def response(self, flow):
        self.pause(flow, "response")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        print("ADDON message", message, flush=True)
        if message.from_client and message.content == b"hold":
            self.pause(flow, "message")


addons = [Intercepts()]
