"""Injects a greeting when the WebSocket starts, and complains about a flow that has ended."""

from mitmproxy import ctx


class Greets:
    def websocket_start(self, flow):
        ctx.master.commands.call("inject.websocket", flow, True, b"welcome")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        print("ADDON", message, message.from_client, message.injected, flush=True)

    def client_disconnected(self, client):
        print("ADDON gone", flush=True)


addons = [Greets()]
