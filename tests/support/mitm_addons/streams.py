"""Bodies that are streamed: `stream = True`, and functions over the pieces."""


def requestheaders(flow):
    if "request" in flow.request.path:
        flow.request.stream = lambda data: data.upper()


def request(flow):
    print("ADDON request", flow.request.raw_content, flush=True)


def responseheaders(flow):
    if "all" in flow.request.path:
        flow.response.stream = True
    if "pieces" in flow.request.path:
        flow.response.stream = change


def change(data):
    return [data.swapcase()] if data else [b" the end"]


def response(flow):
    print("ADDON response", flow.response.raw_content, flush=True)
