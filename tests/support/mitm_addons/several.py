"""Several addons in one file, with addons of their own: the order, and what stops it."""

from mitmproxy import exceptions


class Says:
    def __init__(self, name, addons=()):
        self.name = name
        self.addons = addons

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        print("ADDON", self.name, message, flush=True)
        if message.from_client and message.content == f"stop at {self.name}".encode():
            raise exceptions.AddonHalt
        if message.from_client and message.content == f"raise at {self.name}".encode():
            raise RuntimeError(self.name)

    def update(self, flows):
        print("ADDON", self.name, "update", len(flows), flush=True)


addons = [Says("first", [Says("first.a"), Says("first.b")]), Says("second"), Says("third")]
