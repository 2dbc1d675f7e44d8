"""CoilMQ with stompjs in JavaScript and with stomp.py, both over WebSockets."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import stomp

from tests.integration.decoders.conftest import (
    Speak,
    Start,
    bridged,
    free_port,
    lines,
    server,
)

HOST = socket.getfqdn()
"""The only virtual host that CoilMQ has."""

BODIES = ['{"a":1}', "x" * 20_000, "é\0"]


@pytest.fixture
async def broker() -> AsyncIterator[str]:
    port = free_port()
    program = str(Path(sys.executable).with_name("coilmq"))
    with server(port, program, "-b", "127.0.0.1", "-p", str(port)):
        async with bridged(port, "v12.stomp", "v11.stomp", "v10.stomp") as url:
            yield url


async def test_what_stompjs_says(broker: str, through: Start, speak: Speak) -> None:
    proxy = through(broker)
    heard = await speak("stomp", proxy.url, HOST)
    assert heard == {"version": "1.2", "messages": [7, 20_000, 2], "receipt": "sent-1"}
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert up[0].startswith("CONNECT")
    assert down[0].startswith("CONNECTED v1.2")
    assert 'SEND /topic/a 7 B {"a":1}' in up
    assert any(line.startswith("SEND /topic/a 20 kB xxx") for line in up)
    assert any(line == "RECEIPT sent-1" for line in down)
    received = [line for line in down if line.startswith("MESSAGE /topic/a")]
    assert received[0] == 'MESSAGE /topic/a sub-0 7 B {"a":1}'
    assert len(received) == 3
    (receipt,) = proxy.messages.where("~kind ^RECEIPT$ & ~say sent-1")
    assert receipt.latency is not None


class Heard(stomp.ConnectionListener):  # type: ignore[misc]
    """Waits for messages and for the receipt of the goodbye."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.all = threading.Event()

    def on_message(self, frame: stomp.utils.Frame) -> None:
        self.bodies.append(frame.body)
        if len(self.bodies) == len(BODIES):
            self.all.set()


def talk(url: str) -> list[str]:
    host, _, port = url.removeprefix("ws://").partition(":")
    connection = stomp.WSStompConnection([(host, int(port))], vhost=HOST)
    heard = Heard()
    connection.set_listener("", heard)
    connection.connect(wait=True)
    connection.subscribe("/queue/a", id="7", ack="auto")
    for body in BODIES:
        connection.send("/queue/a", body)
    assert heard.all.wait(10)
    connection.disconnect(receipt="bye")
    return heard.bodies


async def test_what_stomp_py_says(broker: str, through: Start) -> None:
    proxy = through(broker)
    assert await asyncio.to_thread(talk, proxy.url) == BODIES
    up, down = lines(proxy, "upstream"), lines(proxy, "downstream")
    assert "SUBSCRIBE /queue/a 7" in up
    assert 'SEND /queue/a 7 B {"a":1}' in up
    assert 'MESSAGE /queue/a 7 7 B {"a":1}' in down
    assert up[-1] == "DISCONNECT receipt=bye"
