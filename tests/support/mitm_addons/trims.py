"""Replaces and trims flow.websocket.messages: only the message at hand counts."""

from mitmproxy.websocket import WebSocketMessage


def websocket_message(flow):
    messages = flow.websocket.messages
    message = messages[-1]
    print("ADDON", len(messages), message, flush=True)
    if message.content == b"clear":
        messages.clear()
    elif message.content == b"replace":
        flow.websocket.messages = [messages[-1]]
    elif message.content == b"swap":
        messages[-1] = WebSocketMessage(message.type, message.from_client, b"not sent")
    elif message.content == b"pop":
        messages.pop()
        message.content = b"popped"


def websocket_end(flow):
    print("ADDON end", [str(m) for m in flow.websocket.messages], flush=True)
