"""Injects messages both ways: they pass through the hook themselves, after the one at hand."""

from mitmproxy import ctx


def websocket_message(flow):
    message = flow.websocket.messages[-1]
    print("ADDON", message, message.from_client, message.injected, message.type.name, flush=True)
    if message.injected:
        message.content += b" (seen)"
    elif message.from_client and message.content == b"to client":
        ctx.master.commands.call("inject.websocket", flow, True, b"injected to client")
    elif message.from_client and message.content == b"to server":
        ctx.master.commands.call("inject.websocket", flow, False, b"injected to server")
    elif message.from_client and message.content == b"binary":
        ctx.master.commands.call("inject.websocket", flow, True, b"\x00\xff", False)
