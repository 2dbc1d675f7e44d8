"""flow.kill() on an open WebSocket: mitmproxy only marks the flow."""


def websocket_message(flow):
    print("ADDON", flow.websocket.messages[-1], flush=True)
    if flow.websocket.messages[-1].content == b"kill":
        flow.kill()


def websocket_end(flow):
    print("ADDON end", flow.error, flow.websocket.close_code, flush=True)
