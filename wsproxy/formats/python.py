"""python: a script that does what the clients did, for the library `websockets`."""

from __future__ import annotations

from typing import BinaryIO

from wsproxy.formats.interfaces import CaptureReader
from wsproxy.formats.script import Step, clients, steps
from wsproxy.formats.selection import EVERYTHING, Selection
from wsproxy.model.records import ConnectionRecord
from wsproxy.protocol.frames import Opcode
from wsproxy.protocol.reopening import client_headers, offered_subprotocols

_HEAD = '''\
#!/usr/bin/env python3
"""What the clients of a capture did, written by wsproxy.

    pip install websockets
    python THIS_FILE [URL]      URL: another server, for instance ws://localhost:8080
"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 10.0  # seconds that an answer may take
SPEED = 1.0  # 10.0: ten times as fast


async def play(begin, url, target, headers, subprotocols, steps):
    await asyncio.sleep(begin / SPEED)
    if len(sys.argv) > 1:
        url = sys.argv[1].rstrip("/") + target
    options = {"additional_headers": headers, "subprotocols": subprotocols or None}
    async with connect(url, max_size=None, **options) as socket:
        try:
            for pause, heard, what, *content in steps:
                for _ in range(heard):  # answers that the client had by then
                    try:
                        message = await asyncio.wait_for(socket.recv(), PATIENCE)
                    except TimeoutError:
                        print(url, "no answer within", PATIENCE, "s", file=sys.stderr)
                        break
                    print("<-", message)
                else:
                    await asyncio.sleep(pause / SPEED)
                await getattr(socket, what)(*content)
                print("->", what, *content)
        except ConnectionClosed as closed:
            print(url, "closed:", closed, file=sys.stderr)


'''

_TAIL = """

async def main():
    await asyncio.gather(*(play(*connection()) for connection in CONNECTIONS))


asyncio.run(main())
"""


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write the script."""
    out.write(_HEAD.encode())
    numbers = []
    begin: float | None = None
    for connection in clients(reader, selection):
        begin = connection.opened if begin is None else begin
        numbers.append(connection.id)
        out.write(_opening(connection, connection.opened - begin).encode())
        out.writelines(
            f"        {_step(step)},\n".encode() for step in steps(reader, connection, selection)
        )
        out.write(b"    ]\n\n\n")
    names = ", ".join(f"connection_{number}" for number in numbers)
    out.write(f"CONNECTIONS = [{names}]\n{_TAIL}".encode())


def _opening(connection: ConnectionRecord, begin: float) -> str:
    lines = [
        f"def connection_{connection.id}():",
        f"    headers = {client_headers(connection.request_headers)!r}",
        f"    subprotocols = {offered_subprotocols(connection.request_headers)!r}",
        f"    url, target = {connection.upstream_url!r}, {connection.target!r}",
        "    # A step: pause in seconds, messages that came from the server meanwhile, what to do.",
        f"    return {begin:.6g}, url, target, headers, subprotocols, [",
    ]
    return "\n".join(lines) + "\n"


def _step(step: Step) -> str:
    head = f"({step.pause:.6g}, {step.heard}, "
    if step.opcode == Opcode.CLOSE:
        return f"{head}'close', {step.close[0]}, {step.close[1]!r})"
    if step.opcode == Opcode.PING:
        return f"{head}'ping', {step.content!r})"
    if step.opcode == Opcode.TEXT:
        try:
            return f"{head}'send', {step.content.decode()!r})"
        except UnicodeDecodeError:  # sent so that it is not UTF-8 again: as text it cannot be
            pass
    return f"{head}'send', {step.content!r})"
