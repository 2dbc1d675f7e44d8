"""Changes messages without changing their length: fragments keep their sizes."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    message.content = message.content.replace(b"e", b"E")
    print("ADDON", len(message.content), flush=True)
