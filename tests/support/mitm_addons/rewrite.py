"""Rewrites messages by `text` and by `content`, both ways."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    if message.from_client and message.is_text:
        message.text = message.text.upper()
    elif message.from_client:
        message.content = message.content[::-1]
    else:
        message.content += b"!"
    print("ADDON", message, flush=True)
