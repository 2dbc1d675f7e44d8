"""Drops some messages; they stay in the flow's list."""


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    if b"drop" in message.content:
        message.drop()
    print("ADDON", message, message.dropped, flush=True)


def websocket_end(flow):
    print("ADDON", [(str(m), m.dropped) for m in flow.websocket.messages], flush=True)
