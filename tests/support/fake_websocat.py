"""What of websocat 1.x exported scripts use, for machines without it: `-0 --base64 --text-prefix T
--binary-prefix B --header H --protocol P URL`, messages on standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-0", dest="null", action="store_true", required=True)
    parser.add_argument("--base64", action="store_true", required=True)
    parser.add_argument("--text-prefix", required=True)
    parser.add_argument("--binary-prefix", required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--protocol")
    parser.add_argument("url")
    given = parser.parse_args()
    headers = [tuple(header.split(": ", 1)) for header in given.header]
    protocols = [Subprotocol(p.strip()) for p in (given.protocol or "").split(",") if p.strip()]
    async with connect(given.url, additional_headers=headers, subprotocols=protocols or None) as s:
        data = await asyncio.to_thread(sys.stdin.buffer.read)
        for message in data.split(b"\0")[:-1]:
            if message.startswith(given.text_prefix.encode()):
                await s.send(message[len(given.text_prefix) :].decode())
            else:
                await s.send(base64.b64decode(message[len(given.binary_prefix) :], validate=True))


asyncio.run(main())
