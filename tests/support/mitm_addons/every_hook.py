"""Every hook, in the order in which it is called, with what can be seen of it."""


def say(*words: object) -> None:
    print("ADDON", *words, flush=True)


class EveryHook:
    def load(self, loader):
        say("load", type(loader).__name__)

    def configure(self, updated):
        say("configure", "scripts" in updated)

    def running(self):
        say("running")

    def done(self):
        say("done")

    def client_connected(self, client):
        say("client_connected", client.state, client.proxy_mode.type_name, client.peername[0])

    def client_disconnected(self, client):
        say("client_disconnected", client.state, client.timestamp_end is not None)

    def server_connect(self, data):
        say("server_connect", data.server.state, data.server.address[0], data.client.state)

    def server_connected(self, data):
        say("server_connected", data.server.state, data.server.peername == data.server.address)

    def server_connect_error(self, data):
        say("server_connect_error", bool(data.server.error))

    def server_disconnected(self, data):
        say("server_disconnected", data.server.state, data.server.timestamp_end is not None)

    def requestheaders(self, flow):
        request = flow.request
        say("requestheaders", request.method, request.path, request.scheme, request.http_version)
        say("  host", request.host, request.host_header == f"{request.host}:{request.port}")
        say("  content", request.raw_content, flow.live, sorted(k.lower() for k in request.headers))

    def request(self, flow):
        say("request", flow.request.raw_content, flow.server_conn.connected, flow.type)

    def responseheaders(self, flow):
        say("responseheaders", flow.response.status_code, flow.response.raw_content)

    def response(self, flow):
        say("response", flow.websocket, flow.response.raw_content, flow.server_conn.connected)

    def error(self, flow):
        say("error", flow.live, bool(flow.error.msg))

    def websocket_start(self, flow):
        say("websocket_start", flow.websocket, flow.live, flow.response.status_code)

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        say("websocket_message", message, message.from_client, message.type.name, message.injected)
        say("  of", len(flow.websocket.messages), flow.websocket.close_code, message.is_text)

    def websocket_end(self, flow):
        websocket = flow.websocket
        say("websocket_end", repr(websocket.close_code), repr(websocket.close_reason))
        say("  by client", websocket.closed_by_client, websocket.timestamp_end is not None)
        say("  states", flow.client_conn.state, flow.server_conn.state, flow.live, flow.error)


addons = [EveryHook()]
