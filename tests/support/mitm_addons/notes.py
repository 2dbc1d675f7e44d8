"""Writes down what it sees, about messages and about the connection."""

from mitmproxy import http


def websocket_message(flow: http.HTTPFlow) -> None:
    assert flow.websocket is not None
    if flow.websocket.messages[-1].content == b"odd":
        flow.metadata["wsproxy_note"] = "an odd one"
        flow.metadata["wsproxy_marked"] = True
        flow.comment = "had an odd one"


def websocket_end(flow: http.HTTPFlow) -> None:
    flow.marked = ":ghost:"
