"""flow.kill() before the server hears of it, and after."""


def requestheaders(flow):
    if "headers" in flow.request.path:
        flow.kill()


def request(flow):
    if "request" in flow.request.path:
        flow.kill()


def responseheaders(flow):
    if "answer" in flow.request.path:
        flow.kill()


def response(flow):
    print("ADDON response", flow.request.path, flush=True)
    if "late" in flow.request.path:
        flow.kill()


def error(flow):
    print("ADDON error", flow.request.path, flow.error, flow.live, flush=True)
