"""Prints Socket.IO events (`42["name", ...]`) with their names and arguments.

With `--set rename_event=old:new` events called `old` reach the server as `new`.
"""

import json

from mitmproxy import ctx


class DecodeSocketIo:
    def load(self, loader):
        loader.add_option("rename_event", str, "", "OLD:NEW renames the client's events.")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if not message.is_text or not message.text.startswith("42["):
            return
        name, *arguments = json.loads(message.text[2:])
        arrow = "->" if message.from_client else "<-"
        print(f"{arrow} {name} {json.dumps(arguments)}", flush=True)
        old, _, new = ctx.options.rename_event.partition(":")
        if message.from_client and old == name and new:
            message.text = "42" + json.dumps([new, *arguments])


addons = [DecodeSocketIo()]
