"""flowfilter on HTTP and WebSocket flows."""

from mitmproxy import flowfilter

FILTERS = [
    "~websocket",
    "~http",
    "~u /chat",
    "~m GET",
    "~h x-colour",
    "~c 101",
    "~b needle",
    "~bq needle",
    "~bs needle",
    "~d 127.0.0.1",
    "~q",
    "~s",
    "~e",
    "! ~websocket",
    "~a",
    "~marked",
]


def show(when, flow):
    matching = [f for f in FILTERS if flowfilter.match(f, flow)]
    print("ADDON", when, matching, flush=True)


def request(flow):
    show("request", flow)


def response(flow):
    show("response", flow)


def websocket_message(flow):
    show("message", flow)


def websocket_end(flow):
    show("end", flow)
