"""Makes messages longer, some of them much longer, and one empty."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    if message.from_client:
        if message.content == b"empty me":
            message.content = b""
        else:
            message.content = message.content * 3
    print("ADDON", len(message.content), flush=True)
