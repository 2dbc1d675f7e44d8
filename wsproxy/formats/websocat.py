"""websocat: a shell script that does what the clients did, for websocat 1.x."""

from __future__ import annotations

import base64
import shlex
from typing import BinaryIO

from wsproxy.formats.interfaces import CaptureReader
from wsproxy.formats.script import Step, clients, steps
from wsproxy.formats.selection import EVERYTHING, Selection
from wsproxy.model.records import ConnectionRecord
from wsproxy.protocol.frames import Opcode
from wsproxy.protocol.reopening import client_headers, offered_subprotocols

_HEAD = """\
#!/bin/sh
# What the clients of a capture did, written by wsproxy.
#   sh THIS_FILE [URL]      URL: another server, for instance ws://localhost:8080
# Needs websocat 1.x. It sends after the recorded pauses and does not wait for answers.

base=${1%/}
at() { if [ -n "$base" ]; then printf %s "$base$1"; else printf %s "$2"; fi; }
say() { sleep "$1"; printf '%s\\0' "$2"; }
"""

LAST = 1.0
"""Seconds that answers to the last message have, where the recording does not tell of more."""


def write(reader: CaptureReader, out: BinaryIO, selection: Selection = EVERYTHING) -> None:
    """Write the script. Messages end with a NUL byte on websocat's input; `t` before one means
    text, and `b` binary, in base64.
    """
    out.write(_HEAD.encode())
    begin: float | None = None
    for connection in clients(reader, selection):
        begin = connection.opened if begin is None else begin
        out.write(f"\n# connection {connection.id}\n(\n".encode())
        out.write(f"sleep {connection.opened - begin:.6f}\n{{\n".encode())
        out.writelines(_say(step) for step in steps(reader, connection, selection))
        out.write(
            f"sleep {LAST}\n}} | {_command(connection)}\n) &\n".encode("utf-8", "surrogateescape")
        )
    out.write(b"\nwait\n")


def _command(connection: ConnectionRecord) -> str:
    parts = ["websocat", "-0", "--base64", "--text-prefix", "t", "--binary-prefix", "b"]
    for name, value in client_headers(connection.request_headers):
        parts += ["--header", f"{name}: {value}"]
    offered = offered_subprotocols(connection.request_headers)
    if offered:
        parts += ["--protocol", ", ".join(offered)]
    words = map(shlex.quote, (connection.target, connection.upstream_url))
    return f'{shlex.join(parts)} "$(at {" ".join(words)})"'


def _say(step: Step) -> bytes:
    """A message; pings are websocat's own affair, and it closes at the end of its input."""
    if step.opcode == Opcode.TEXT and b"\0" not in step.content and _is_text(step.content):
        text = "t" + step.content.decode()
    elif step.opcode in (Opcode.TEXT, Opcode.BINARY):
        note = b"# a text with a NUL byte, or that is not UTF-8: sent as binary\n"
        text = "b" + base64.b64encode(step.content).decode()
        line = f"say {step.pause:.6f} {shlex.quote(text)}\n".encode()
        return note + line if step.opcode == Opcode.TEXT else line
    else:
        return f"sleep {step.pause:.6f}\n".encode()
    return f"say {step.pause:.6f} {shlex.quote(text)}\n".encode()


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
