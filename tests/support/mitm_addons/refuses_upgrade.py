"""Turns the server's 101 into a 403."""


def response(flow):
    print("ADDON", flow.response.status_code, flow.websocket, flush=True)
    if flow.response.status_code == 101 and "private" in flow.request.path:
        flow.response.status_code = 403
        flow.response.reason = "Private"
        flow.response.headers["x-why"] = "private"
        flow.response.content = b"keep out\n"


def websocket_start(flow):
    print("ADDON start", flush=True)


def websocket_end(flow):
    print("ADDON end", flush=True)
