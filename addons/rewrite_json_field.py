"""Rewrites one field of JSON messages: `--set rewrite_field=price --set rewrite_value=0`.

Messages that are not JSON objects, or lack the field, pass as they are.
"""

import json

from mitmproxy import ctx


class RewriteJsonField:
    def load(self, loader):
        loader.add_option("rewrite_field", str, "price", "The field to rewrite.")
        loader.add_option("rewrite_value", str, "0", "Its new value, as JSON.")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if message.from_client or not message.is_text:
            return
        try:
            content = json.loads(message.text)
        except ValueError:
            return
        if isinstance(content, dict) and ctx.options.rewrite_field in content:
            content[ctx.options.rewrite_field] = json.loads(ctx.options.rewrite_value)
            message.text = json.dumps(content)


addons = [RewriteJsonField()]
