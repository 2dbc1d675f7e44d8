"""mosquitto and paho's client over WebSockets, at QoS 0 to 2."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.integration.decoders.conftest import Start, bridged, free_port, lines, server
from wsproxy.model.records import Direction
from wsproxy.payloads.pairs import Pairs

mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
pytestmark = pytest.mark.skipif(mosquitto is None, reason="mosquitto is not installed")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    """mosquitto, which not every Debian lets listen for WebSockets: hence a bridge before it."""
    port = free_port()
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    assert mosquitto is not None

    with server(port, mosquitto, "-c", str(configuration)):
        async with bridged(port, "mqtt") as url:
            yield url


def talk(client: Client, url: str, got: list[tuple[str, bytes, int]]) -> None:
    """Subscribe, publish all of PUBLISHED, and wait until all has come back."""
    ready, done = threading.Event(), threading.Event()

    def on_message(_: Any, __: Any, message: MQTTMessage) -> None:
        got.append((message.topic, bytes(message.payload), message.qos))
        if len(got) == len(PUBLISHED):
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *unused: ready.set()
    host, port = url.removeprefix("ws://").split(":")
    client.ws_set_options(path="/mqtt")
    client.connect(host, int(port))
    client.loop_start()
    client.subscribe("t/#", 2)
    assert ready.wait(10)
    for topic, content, qos in PUBLISHED:
        client.publish(topic, content, qos).wait_for_publish(10)
    assert done.wait(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("version", [MQTTv311, MQTTv5])
async def test_what_client_and_broker_say(broker: str, through: Start, version: int) -> None:
    proxy = through(broker)
    client = Client(
        CallbackAPIVersion.VERSION2,
        "me",
        protocol=MQTTProtocolVersion(version),
        transport="websockets",
    )
    got: list[tuple[str, bytes, int]] = []
    await asyncio.to_thread(talk, client, proxy.url, got)

    name = "v5" if version == MQTTv5 else "v3.1.1"
    assert lines(proxy, "upstream")[0] == f"CONNECT me {name} keepalive=60"
    packets = [(one, seen) for seen in proxy.messages for one in seen.decoded if one.kind[0] != "("]
    for direction in ("upstream", "downstream"):
        said = [
            (one.value["topic"], one.value["length"], one.value["qos"])
            for one, seen in packets
            if one.kind == "PUBLISH" and seen.direction == direction
        ]
        assert sorted(said) == sorted((t, len(c), q) for t, c, q in PUBLISHED)
    assert {topic for topic, _, _ in got} == {topic for topic, _, _ in PUBLISHED}
    kinds = {one.kind for one, _ in packets}
    assert {"CONNACK", "SUBSCRIBE", "SUBACK", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"} <= kinds
    pairs = Pairs()
    for number, (one, seen) in enumerate(packets):
        way = Direction[seen.direction.upper()]
        pairs.feed(one, way, seen.time, number)
    assert pairs.waiting(asked_before=1e12) == []


PUBLISHED = [
    ("t/a", b'{"temp":21.5}', 0),
    ("t/b", b"x" * 300_000, 1),
    ("t/c", bytes(range(256)) * 1200, 2),
]
