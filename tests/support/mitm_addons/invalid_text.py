"""Puts bytes that are not UTF-8 into a text message: mitmproxy replaces them."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    if message.from_client and message.content == b"break me":
        message.content = b"\xff\xfe"
