"""Refuses servers and clients before anything is said."""


def server_connect(data):
    print("ADDON server_connect", flush=True)
    data.server.error = "not this one"


def server_connected(data):
    print("ADDON server_connected", flush=True)


def server_connect_error(data):
    print("ADDON server_connect_error", data.server.error, flush=True)


def error(flow):
    print("ADDON error", flow.error, flush=True)
