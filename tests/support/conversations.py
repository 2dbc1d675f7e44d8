"""What clients do in the comparison with mitmdump."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Origin

from tests.support.side_by_side import Conversation


@dataclass(frozen=True)
class Hear:
    """Wait for so many messages."""

    count: int = 1


@dataclass(frozen=True)
class Close:
    code: int = 1000
    reason: str = ""


HEAR = Hear()
Step = str | bytes | Sequence[str] | Hear | Close


def talk(
    steps: Iterable[Step],
    *,
    path: str = "/chat",
    compress: bool = True,
    origin: str | None = None,
    **headers: str,
) -> Conversation:
    """A conversation over one WebSocket; a list is a message in pieces."""
    steps = list(steps)

    async def conversation(address: str, heard: list[str]) -> None:
        try:
            async with connect(
                f"ws://{address}{path}",
                compression="deflate" if compress else None,
                additional_headers={f"x-{name}": value for name, value in headers.items()},
                origin=Origin(origin) if origin else None,
                ping_interval=None,
                proxy=None,
            ) as socket:
                await _take(socket, steps, heard)
        except InvalidStatus as refused:
            body = refused.response.body or b""
            why = refused.response.headers.get("x-why")
            heard.append(f"refused {refused.response.status_code} {why} {body!r}")
        except (InvalidHandshake, EOFError, OSError):
            heard.append("no handshake")

    return conversation


async def _take(socket: ClientConnection, steps: list[Step], heard: list[str]) -> None:
    assert socket.response is not None
    thread = socket.response.headers.get("x-thread")
    heard.append("open" + (f" {thread}" if thread else ""))
    try:
        for step in steps:
            if isinstance(step, Hear):
                for _ in range(step.count):
                    message = await socket.recv()
                    heard.append(f"{len(message)} {message[:200]!r}")
            elif isinstance(step, Close):
                await socket.close(step.code, step.reason)
            else:
                await socket.send(step)
        await socket.close()
    except ConnectionClosed:
        pass
    await socket.wait_closed()
    heard.append(f"closed {socket.close_code} {socket.close_reason}")


def echoed(*messages: str | bytes | Sequence[str]) -> list[Step]:
    """Each message, and one that comes back."""
    return [step for message in messages for step in (message, HEAR)]


def get(*requests: str) -> Conversation:
    """Plain HTTP on one connection while it lasts: `METHOD /path HEADER=VALUE body`."""

    async def conversation(address: str, heard: list[str]) -> None:
        host, port = address.split(":")
        writer = None
        for request in requests:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(_request(request))
            answer = await _answer(reader)
            heard.append(answer or "nothing")
            if answer is None:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()

    return conversation


def _request(text: str) -> bytes:
    method, path, *rest = text.split(" ", 3)
    headers = [part.replace("=", ": ") for part in rest if "=" in part]
    body = " ".join(part for part in rest if "=" not in part).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: somewhere.example", *headers]
    if body or method in ("POST", "PUT"):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> str | None:
    """Status, the X- headers and the body, whichever way it was framed; None for no answer."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    status, *lines = head.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    kept = sorted(f"{name}={value}" for name, value in headers.items() if name.startswith("x-"))
    return f"{status.split(' ', 1)[1]} {kept} {body!r}"
