"""Sets flow.response: the server hears nothing."""

from mitmproxy import http


def request(flow):
    if flow.request.path.startswith("/forbidden"):
        flow.response = http.Response.make(403, b"no\n", {"X-Why": "forbidden"})


def requestheaders(flow):
    if flow.request.path.startswith("/teapot"):
        flow.response = http.Response.make(418, "tea", {"Content-Type": "text/plain"})


def responseheaders(flow):
    print("ADDON responseheaders", flow.response.status_code, flush=True)


def response(flow):
    print("ADDON response", flow.response.status_code, flow.websocket, flush=True)


def websocket_start(flow):
    print("ADDON start", flush=True)
