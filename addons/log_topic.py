"""Logs the messages of one topic to a file, one JSON object a line.

`--set topic=prices --set topic_file=prices.jsonl`; the topic is the field `topic` of a message.
"""

import json
from pathlib import Path

from mitmproxy import ctx


class LogTopic:
    def load(self, loader):
        loader.add_option("topic", str, "prices", "The topic to log.")
        loader.add_option("topic_file", str, "topic.jsonl", "Where to.")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        try:
            content = json.loads(message.content)
        except ValueError:
            return
        if isinstance(content, dict) and content.get("topic") == ctx.options.topic:
            line = {"from_client": message.from_client, "message": content}
            with Path(ctx.options.topic_file).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


addons = [LogTopic()]
