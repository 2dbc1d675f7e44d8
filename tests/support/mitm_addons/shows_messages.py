"""Prints the messages of a flow that was read from a file."""


def websocket_end(flow):
    for message in flow.websocket.messages:
        print(message, flush=True)
