"""Redacts secrets in what the server sends: tokens, passwords and card numbers become ***.

More patterns with `--set redact='secret-[0-9]+'`, which may be repeated.
"""

import re
from collections.abc import Sequence

from mitmproxy import ctx

PATTERNS = [
    rb'("(?:token|password|secret)"\s*:\s*)"[^"]*"',
    rb"()\b(?:\d[ -]?){15}\d\b",
]


class RedactSecrets:
    def load(self, loader):
        loader.add_option("redact", Sequence[str], [], "Further patterns to redact.")

    def websocket_message(self, flow):
        message = flow.websocket.messages[-1]
        if message.from_client:
            return
        for pattern in [*PATTERNS, *(f"(){each}".encode() for each in ctx.options.redact)]:
            message.content = re.sub(pattern, rb'\1"***"', message.content)


addons = [RedactSecrets()]
