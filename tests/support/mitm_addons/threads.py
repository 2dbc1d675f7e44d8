"""`@concurrent`: hooks on threads of their own."""

import threading
import time

from mitmproxy.script import concurrent

MAIN = threading.get_ident()


class Threads:
    @concurrent
    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        time.sleep(0.01)
        message.content += b" from a thread"
        print("ADDON", message, threading.get_ident() != MAIN, flush=True)

    @concurrent
    def response(self, flow):
        flow.response.headers["x-thread"] = str(threading.get_ident() != MAIN)


addons = [Threads()]
