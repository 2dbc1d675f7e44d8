"""Hooks as functions of the module."""

seen = 0


def load(loader):
    print("ADDON load", flush=True)


def configure(updated):
    print("ADDON configure", "scripts" in updated, flush=True)


def running():
    print("ADDON running", flush=True)


def websocket_message(flow):
    global seen
    seen += 1


def done():
    print("ADDON done", seen, flush=True)
