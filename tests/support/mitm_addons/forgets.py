"""Says when a flow is gone from memory, without a garbage collector's help."""

import gc
import weakref

gc.disable()


def websocket_start(flow):
    weakref.finalize(flow, print, "ADDON gone", flush=True).atexit = False


def websocket_message(flow):
    print("ADDON", flow.websocket.messages[-1], flush=True)
