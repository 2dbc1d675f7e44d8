"""Raises in its hooks: it is logged with file and line, and the message passes."""


class Raises:
    def request(self, flow):
        raise RuntimeError("in request")

    def websocket_start(self, flow):
        raise ValueError("in websocket_start")

    async def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        message.content += b" so far"
        if message.from_client:
            raise KeyError("in websocket_message")


addons = [Raises()]
