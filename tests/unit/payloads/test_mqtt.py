"""MQTT: what paho's client encodes, cut anywhere."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTv5, MQTTv31, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.unit.payloads.talk import DOWN, UP, Talk, cuts
from wsproxy.payloads.decoded import Decoded

LEVELS: dict[int, str] = {MQTTv31: "v3.1", MQTTv311: "v3.1.1", MQTTv5: "v5"}


class Encoder:
    """paho's client with nothing behind its socket: what it wants to send, as bytes."""

    def __init__(self, version: int = MQTTv311, client_id: str = "me") -> None:
        self.version = version
        self.client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion(version)
        )
        # With somebody who writes for it, it only queues.
        self.client._on_socket_register_write = lambda *unused: None
        self.client._sock, self._other = socket.socketpair()

    def close(self) -> None:
        assert self.client._sock is not None
        self.client._sock.close()
        self.client._sock = None
        self._other.close()

    def _taken(self) -> bytes:
        packet = b"".join(bytes(one["packet"]) for one in self.client._out_packet)
        self.client._out_packet.clear()
        return packet

    def connect(self, keep_alive: int = 60) -> bytes:
        self.client._send_connect(keep_alive)
        return self._taken()

    def publish(self, topic: str, content: bytes, qos: int = 0, **given: Any) -> bytes:
        properties = None
        if self.version == MQTTv5 and given:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            for name, value in given.items():
                setattr(properties, name, value)
        self.client._send_publish(7, topic.encode(), content, qos, False, False, None, properties)
        return self._taken()

    def subscribe(self, topics: list[tuple[str, int]]) -> bytes:
        wanted: Any = [(topic.encode(), qos) for topic, qos in topics]
        if self.version == MQTTv5:
            wanted = [(topic.encode(), SubscribeOptions(qos)) for topic, qos in topics]
        self.client._send_subscribe(False, wanted, None)
        return self._taken()

    def command(self, name: str, *arguments: Any) -> bytes:
        getattr(self.client, f"_send_{name}")(*arguments)
        return self._taken()


@pytest.mark.parametrize("version", LEVELS)
def test_what_a_client_says(version: int) -> None:
    encoder, talk = Encoder(version, "held-1"), Talk("mqtt")
    assert talk.up(encoder.connect(2)) == f"CONNECT held-1 {LEVELS[version]} keepalive=2"
    assert talk.up(encoder.publish("t/b", b'{"temp":21.5}', 1)) == (
        'PUBLISH t/b q1 id=7 13 B {"temp":21.5}'
    )
    assert talk.up(encoder.publish("t", b"")) == "PUBLISH t q0 0 B"
    line = talk.up(encoder.subscribe([("a/#", 2), ("b", 0)]))
    assert line == f"SUBSCRIBE id={line[13]} a/# q2 b q0"
    assert talk.up(encoder.command("pingreq")) == "PINGREQ"
    assert talk.up(encoder.command("puback", 9)) == "PUBACK id=9"
    assert talk.up(encoder.command("disconnect")) == "DISCONNECT"
    encoder.close()


def test_what_a_broker_says() -> None:
    talk = Talk("mqtt")
    assert talk.down(b"\x20\x02\x00\x00") == "CONNACK 0"
    assert talk.down(b"\x20\x02\x01\x05") == "CONNACK 5 session-present"
    assert talk.down(b"\x90\x04\x00\x07\x02\x00") == "SUBACK id=7 [2,0]"
    assert talk.down(b"\xb0\x02\x00\x07") == "UNSUBACK id=7"
    assert talk.down(b"\xd0\x00") == "PINGRESP"
    assert talk.down(b"\x3d\x05\x00\x01a\x00\x01") == "PUBLISH a q2 id=1 dup retain 0 B"


def test_version_5_has_properties_and_reasons() -> None:
    encoder, talk = Encoder(MQTTv5), Talk("mqtt")
    talk.up(encoder.connect())
    packet = encoder.publish("t", b"x", 1, ContentType="a/b", TopicAlias=3, UserProperty=("k", "v"))
    (found,) = talk.feed(UP, packet)
    assert found.value["properties"] == {
        "content_type": "a/b",
        "topic_alias": 3,
        "user_properties": [["k", "v"]],
    }
    assert talk.up(encoder.publish("", b"y", 1, TopicAlias=3)) == "PUBLISH t q1 id=7 1 B y"
    assert talk.down(b"\x40\x03\x00\x07\x87") == "PUBACK id=7 reason=0x87"
    assert talk.down(b"\x40\x04\x00\x07\x10\x00") == "PUBACK id=7 reason=0x10"
    assert talk.down(b"\xe0\x01\x8e") == "DISCONNECT 142"
    encoder.close()


def test_a_password_is_not_shown() -> None:
    encoder = Encoder()
    encoder.client.username_pw_set("me", "hunter2")
    (found,) = Talk("mqtt").feed(UP, encoder.connect())
    assert "user=me" in found.summary
    assert "hunter2" not in f"{found.summary} {found.tree}"
    encoder.close()


def test_pairs() -> None:
    talk = Talk("mqtt")
    assert talk.pair(UP, b"\x32\x05\x00\x01a\x00\x07") == ("PUBLISH 7", "request", "upstream")
    assert talk.pair(DOWN, b"\x40\x02\x00\x07") == ("PUBLISH 7", "answer", "upstream")
    assert talk.pair(DOWN, b"\x34\x05\x00\x01a\x00\x07") == ("PUBLISH 7", "request", "downstream")
    assert talk.pair(UP, b"\x50\x02\x00\x07") == ("PUBLISH 7", "part", "downstream")
    assert talk.pair(DOWN, b"\x62\x02\x00\x07") == ("PUBLISH 7", "part", "downstream")
    assert talk.pair(UP, b"\x70\x02\x00\x07") == ("PUBLISH 7", "last", "downstream")
    assert talk.pair(DOWN, b"\x90\x03\x00\x07\x00") == ("SUBSCRIBE 7", "answer", "upstream")


def test_known_by_its_first_packet() -> None:
    encoder, talk = Encoder(), Talk()
    talk.up(encoder.connect())
    assert talk.conversation.protocol == "mqtt"
    encoder.close()


def test_a_long_packet_of_which_only_the_beginning_was_recorded() -> None:
    encoder, talk = Encoder(), Talk("mqtt")
    packet = encoder.publish("t", b"x" * 300_000)
    assert talk.up(packet[:100], 200_000) == "(partial) PUBLISH 200 kB of 300 kB"
    (found, ping) = talk.feed(UP, packet[200_000:] + b"\xc0\x00")
    assert found.summary.startswith("PUBLISH t q0 300 kB xxx") and ping.kind == "PINGREQ"
    assert found.value["length"] == 300_000
    encoder.close()


TOPICS = st.text("abc/é", min_size=1, max_size=12)
PUBLISHES = st.lists(
    st.tuples(TOPICS, st.binary(max_size=300), st.integers(0, 2)), min_size=1, max_size=6
)


@given(st.data(), PUBLISHES, st.sampled_from(list(LEVELS)))
def test_cut_anywhere(
    data: st.DataObject, published: list[tuple[str, bytes, int]], version: int
) -> None:
    encoder, talk = Encoder(version), Talk("mqtt")
    wire = encoder.connect()
    for topic, content, qos in published:
        wire += encoder.publish(topic, content, qos)
        wire += encoder.subscribe([(topic, qos)])
    encoder.close()
    found: list[Decoded] = []
    for piece in data.draw(cuts(wire)):
        found += [one for one in talk.feed(UP, piece) if one.kind != "(partial)"]
    assert found.pop(0).kind == "CONNECT"
    sent = [one.value for one in found if one.kind == "PUBLISH"]
    assert [(one["topic"], one["content"], one["qos"]) for one in sent] == published
    asked = [one.value["filters"] for one in found if one.kind == "SUBSCRIBE"]
    assert asked == [[f"{topic} q{qos}"] for topic, _, qos in published]
