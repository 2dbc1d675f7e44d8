"""Keeps the event loop busy for a while: everything waits, nothing is lost."""

import time


def websocket_message(flow):
    if flow.websocket.messages[-1].content == b"block":
        time.sleep(1)
        print("ADDON blocked", flush=True)
