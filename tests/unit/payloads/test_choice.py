"""How a connection's decoder is chosen, and what happens when it fails."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from tests.unit.payloads.talk import DOWN, UP, Talk, payload
from wsproxy.errors import WsproxyError
from wsproxy.payloads import conversation as conversation_module
from wsproxy.payloads.conversation import Conversation, Conversations
from wsproxy.payloads.decoded import Decoded, Decoder, Facts, Payload, Sure
from wsproxy.payloads.rules import parse_rule, parse_rules


@pytest.mark.parametrize(
    ("subprotocol", "target", "name"),
    [
        ("mqtt", "/", "mqtt"),
        ("MQTT", "/", "mqtt"),
        ("v12.stomp", "/", "stomp"),
        ("graphql-ws", "/", "graphql"),
        ("v1.kernel.websocket.jupyter.org", "/", "jupyter"),
        ("wamp.2.cbor.batched", "/", "wamp"),
        ("vite-hmr", "/", "vite"),
        ("v4.channel.k8s.io", "/api", "k8s-exec"),
        ("tty", "/ws", "ttyd"),
        ("guacamole", "/", "guacamole"),
        (None, "/x/?EIO=4&transport=websocket", "socket.io"),
        (None, "/devtools/page/1", "cdp"),
        (None, "/api/kernels/1-2/channels?session_id=1", "jupyter"),
        (None, "/terminals/websocket/1", "terminado"),
        (None, "/api/websocket", "home-assistant"),
        (None, "/socket/websocket?vsn=2.0.0", "phoenix"),
        (None, "/?v=10&encoding=json", "discord"),
        ("unknown", "/", None),
    ],
)
def test_by_the_handshake(subprotocol: str | None, target: str, name: str | None) -> None:
    assert Talk(subprotocol, target).conversation.protocol == name


@pytest.mark.parametrize(
    ("direction", "content", "name", "sure"),
    [
        (DOWN, b"INFO {}\r\n", "nats", Sure.SURE),
        (DOWN, b"RFB 003.008\n", "rfb", Sure.SURE),
        (DOWN, b"SSH-2.0-x\r\n", "ssh", Sure.SURE),
        (UP, "CONNECT\nhost:a\n\n\0", "stomp", Sure.SURE),
        (UP, '{"protocol":"json","version":1}\x1e', "signalr", Sure.SURE),
        (UP, '["1","1","room:1","phx_join",{}]', "phoenix", Sure.LIKELY),
        (UP, '[1,"realm",{"roles":{}}]', "wamp", Sure.LIKELY),
        (DOWN, '{"type":"auth_required"}', "home-assistant", Sure.SURE),
        (DOWN, '{"op":10,"d":{"heartbeat_interval":1}}', "discord", Sure.SURE),
        (DOWN, '{"type":"hello","num_connections":1}', "slack", Sure.LIKELY),
        (UP, '{"jsonrpc":"2.0","method":"a"}', "json-rpc", Sure.LIKELY),
    ],
)
def test_by_a_first_message(direction: Any, content: str | bytes, name: str, sure: Sure) -> None:
    talk = Talk()
    talk.feed(UP, "something else")
    (found,) = talk.feed(direction, content)
    assert (talk.conversation.protocol, found.protocol, found.sure) == (name, name, sure)


def test_only_the_first_messages_are_tried() -> None:
    talk = Talk()
    for _ in range(8):
        talk.feed(UP, "x")
    talk.feed(DOWN, b"INFO {}\r\n")
    assert talk.conversation.protocol is None


def test_a_greeting_outweighs_a_path() -> None:
    talk = Talk(target="/devtools/x")
    talk.feed(DOWN, b"RFB 003.008\n")
    assert talk.conversation.protocol == "rfb"


def test_what_is_none_of_the_protocol_is_read_by_its_shape() -> None:
    talk = Talk("mqtt")
    (found,) = talk.feed(DOWN, b'\x00{"a":1}'[1:])
    assert found.protocol != "json"  # 0x7b is the beginning of a packet as well
    (found,) = Talk("graphql-ws").feed(DOWN, "<a/>")
    assert (found.protocol, found.sure) == ("xml", Sure.GUESS)


def test_rules() -> None:
    rules = parse_rules(["/off=-", "EIO=json", "/s.*=msgpack"])
    assert Talk("mqtt", "/off", rules).feed(UP, b"\xc0\x00") == []
    (found,) = Talk(None, "/sock", rules).feed(UP, b"\x81\xa1a\x01")
    assert (found.summary, found.sure) == ("msgpack {a:1}", Sure.SURE)
    assert Talk(None, "/?EIO=4", rules).conversation.protocol == "json"
    assert Talk("mqtt", "/other", rules).conversation.protocol == "mqtt"
    assert Talk("mqtt", "/any", parse_rules(["-"])).feed(UP, b"\xc0\x00") == []


def test_rules_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rules"
    file.write_text("# what we speak\n\n/a=json\n/b=-\n")
    assert [rule.name for rule in parse_rules([f"@{file}", "/c=xml"])] == ["json", "-", "xml"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("/x=mqt", "there is no decoder mqt; did you mean mqtt?"),
        ("json", "'json' is not a rule; write for instance '/socket=msgpack'"),
        ("(=json", "is not a regular expression"),
        ("@/nowhere", "cannot read /nowhere: No such file or directory"),
        ("/x=protobuf:a.pb", "write protobuf:FILE:TYPE"),
        ("/x=protobuf:/nowhere.pb:a.B", "cannot read /nowhere.pb"),
    ],
)
def test_wrong_rules(rule: str, words: str) -> None:
    with pytest.raises(WsproxyError) as raised:
        parse_rules([rule])
    assert words in str(raised.value)


def schema(path: Path) -> Path:
    file = FileDescriptorProto(name="a.proto", package="p", syntax="proto3")
    message = file.message_type.add(name="Price")
    message.field.add(name="symbol", number=1, type=9, label=1)
    message.field.add(name="cents", number=2, type=5, label=1)
    file.message_type.add(name="Order").field.add(name="id", number=1, type=5, label=1)
    path.write_bytes(FileDescriptorSet(file=[file]).SerializeToString())
    return path


def test_protobuf_by_a_schema(tmp_path: Path) -> None:
    file = schema(tmp_path / "a.pb")
    rules = [parse_rule(f"/=protobuf:{file}:p.Order,p.Price")]
    talk = Talk(rules=rules)
    assert talk.up(b"\x08\x07") == "protobuf Order {id:7}"
    (found,) = talk.feed(DOWN, b"\x0a\x03abc\x10\x05")
    assert (found.kind, found.tree) == ("Price", {"symbol": "abc", "cents": 5})
    with pytest.raises(Exception, match=r"no message type p.No; there are p.Order, p.Price"):
        parse_rule(f"/=protobuf:{file}:p.No")
    (tmp_path / "b.pb").write_text("no")
    with pytest.raises(Exception, match="is not a descriptor set"):
        parse_rule(f"/=protobuf:{tmp_path / 'b.pb'}:p.No")


def test_a_missing_library_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in {"engineio", "socketio", "msgpack"}:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr("wsproxy.payloads.libraries.import_module", without)
    talk = Talk(target="/?EIO=4")
    assert talk.up("2") == ("to read Socket.IO, install wsproxy[decoders] (no module engineio)")
    assert Talk().feed(UP, b"\x81\xa1a\x01") == []  # a guess is not worth a complaint


class Broken(Decoder):
    name = "broken"

    def feed(self, payload: Payload) -> list[Decoded] | None:
        raise ZeroDivisionError("oh")


def test_a_decoder_that_fails_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_module, "by_facts", lambda facts: (Broken, Sure.SURE))
    conversation = Conversation(Facts())
    (found,) = conversation.feed(payload(UP, "x"))
    assert found.summary == "(failed) the decoder failed: ZeroDivisionError oh"
    assert conversation.failed == 1


def test_the_number_of_conversations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_module, "MAX_CONVERSATIONS", 2)
    asked: list[int] = []

    def facts_of(connection_id: int) -> Facts:
        asked.append(connection_id)
        return Facts("/", "mqtt")

    many = Conversations(facts_of, [])
    for connection_id in (1, 2, 1, 3, 1, 2):
        many.feed(connection_id, payload(UP, b"\xc0\x00"))
    assert asked == [1, 2, 3, 2]  # 2 was silent longest when 3 came
    many.close(1)
    many.feed(1, payload(UP, b"\xc0\x00"))
    assert asked[-1] == 1


def test_a_decoder_that_fails_at_a_handshake_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(facts: Facts) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(conversation_module, "by_facts", fails)
    conversation = Conversation(Facts("/", None, []))
    assert conversation.failed == 1
    assert conversation.feed(payload(UP, '{"a":1}'))
