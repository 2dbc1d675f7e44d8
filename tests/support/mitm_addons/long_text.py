"""Changes a long text that is not ASCII: mitmproxy cuts it every 4,000 bytes, in mid-character."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    if message.from_client:
        message.text = "x" + "ü" * 5000
