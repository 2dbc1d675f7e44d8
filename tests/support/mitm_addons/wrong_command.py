"""Calls a command that is not there: the error is logged, the message passes."""

from mitmproxy import ctx


def websocket_message(flow):
    ctx.master.commands.call("no.such.command", flow)
