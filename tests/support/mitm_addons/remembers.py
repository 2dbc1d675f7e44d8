"""flow.metadata, attributes that the addon invents, marks and comments."""


def requestheaders(flow):
    flow.metadata["path"] = flow.request.path
    flow.my_own = {"count": 0}
    flow.marked = ":default:"
    flow.comment = "seen"


def websocket_message(flow):
    flow.my_own["count"] += 1
    message = flow.websocket.messages[-1]
    if message.from_client:
        message.text += f" #{flow.my_own['count']} on {flow.metadata['path']}"


def websocket_end(flow):
    print("ADDON", flow.metadata, flow.my_own, flow.marked, flow.comment, flush=True)
    copy = flow.copy()
    print("ADDON copy", copy.id != flow.id, len(copy.websocket.messages), copy.live, flush=True)
    state = flow.get_state()
    print("ADDON state", sorted(state), state["websocket"]["close_code"], flush=True)
