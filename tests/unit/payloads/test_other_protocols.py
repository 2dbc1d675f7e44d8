"""Dialogues in the smaller protocols: what is said, line by line."""

from __future__ import annotations

import json

import pytest

from tests.unit.payloads.talk import DOWN, UP, Talk
from wsproxy.model.records import Direction

Dialogue = list[tuple[Direction, str | bytes, str]]

SERVER_INIT = b"\0\x02\0\x02\x20\x18\0\1\0\xff\0\xff\0\xff\0\x08\x10\0\0\0\0\0\0\x01x"
UPDATE = b"\0\0\0\x01" + bytes(4)

DIALOGUES: dict[str, tuple[str | None, str, Dialogue]] = {
    "signalr": (None, "/hub", [
        (UP, '{"protocol":"json","version":1}\x1e', "handshake json v1"),
        (DOWN, "{}\x1e", "handshake ok"),
        (UP, '{"type":1,"invocationId":"1","target":"Send","arguments":[1,"x"]}\x1e',
         'invoke Send(2 args) #1 [1,"x"]'),
        (DOWN, '{"type":3,"invocationId":"1","result":4}\x1e', "completion #1 4"),
        (DOWN, '{"type":6}\x1e', "ping"),
    ]),
    "signalr messagepack": (None, "/hub", [
        (UP, '{"protocol":"messagepack","version":1}\x1e', "handshake messagepack v1"),
        (DOWN, "{}\x1e", "handshake ok"),
        (DOWN, b"\x02\x91\x06", "ping"),
        (UP, b"\x0c\x95\x01\x80\xa17\xa4Send\x91\x2a", "invoke Send(1 arg) #7 [42]"),
    ]),
    "phoenix": (None, "/socket/websocket?vsn=2.0.0", [
        (UP, '["1","1","room:1","phx_join",{}]', "join room:1 #1"),
        (DOWN, '["1","1","room:1","phx_reply",{"status":"ok","response":{}}]', "reply ok #1"),
        (DOWN, '[null,null,"room:1","new_msg",{"a":1}]', "new_msg room:1 {a:1}"),
        (UP, '{"topic":"t","event":"e","payload":{},"ref":"2"}', "e t #2"),
        (UP, b"\x00\x01\x01\x01\x0112tev", "e t #2 1 B v"),
    ]),
    "wamp": ("wamp.2.json", "/", [
        (UP, '[1,"realm1",{"roles":{}}]', "HELLO realm1"),
        (DOWN, "[2,123,{}]", "WELCOME session=123"),
        (UP, '[48,7,{},"com.app.add",[1,2]]', "CALL com.app.add #7 [1,2]"),
        (DOWN, "[50,7,{},[3]]", "RESULT #7 [3]"),
        (UP, '[32,8,{},"topic"]', "SUBSCRIBE topic #8"),
        (DOWN, "[33,8,55]", "SUBSCRIBED topic #8"),
        (DOWN, '[36,55,99,{},["hi"]]', 'EVENT topic ["hi"]'),
        (DOWN, '[8,48,9,{},"wamp.error.no"]', "ERROR wamp.error.no #9"),
    ]),
    "home-assistant": (None, "/api/websocket", [
        (DOWN, '{"type":"auth_required"}', "auth_required"),
        (UP, '{"type":"auth","access_token":"secret"}', "auth"),
        (DOWN, '{"type":"auth_ok"}', "auth_ok"),
        (UP, '{"id":12,"type":"get_states"}', "get_states 12"),
        (DOWN, '{"id":12,"type":"result","success":true,"result":null}',
         "result 12 ok of get_states"),
        (DOWN, '{"id":3,"type":"event","event":{"event_type":"state_changed"}}',
         "event 3 state_changed"),
    ]),
    "discord": (None, "/?v=10&encoding=json", [
        (DOWN, '{"op":10,"d":{"heartbeat_interval":41250}}',
         "op 10 hello {heartbeat_interval:41250}"),
        (UP, '{"op":1,"d":null}', "op 1 heartbeat"),
        (DOWN, '{"op":11}', "op 11 heartbeat ack"),
        (DOWN, '{"op":0,"t":"MESSAGE_CREATE","s":4}', "op 0 dispatch MESSAGE_CREATE s=4"),
    ]),
    "vite": ("vite-hmr", "/", [
        (DOWN, '{"type":"update","updates":[{"type":"js-update","path":"/src/main.js"}]}',
         "update js-update /src/main.js"),
        (DOWN, '{"type":"full-reload","path":"*"}', "full-reload *"),
    ]),
    "webpack": (None, "/ws", [
        (DOWN, '{"type":"hot"}', "hot"),
        (DOWN, '{"type":"hash","data":"3f1a"}', "hash 3f1a"),
        (DOWN, '{"type":"errors","data":["bad"]}', 'errors 1 error "bad"'),
    ]),
    "rfb": ("binary", "/", [
        (DOWN, b"RFB 003.008\n", "version RFB 003.008"),
        (UP, b"RFB 003.008\n", "version RFB 003.008"),
        (DOWN, b"\x01\x01", "security None"),
        (UP, b"\x01", "security None"),
        (DOWN, bytes(4), "SecurityResult ok"),
        (UP, b"\x01", "ClientInit shared"),
        (DOWN, SERVER_INIT, "ServerInit 2x2 x"),
        (UP, b"\x04\x01\0\0\0\0\0a", "key down a"),
        (UP, b"\x05\x01\0\x0a\0\x14", "pointer 10,20 buttons=0x01"),
        (DOWN, UPDATE + b"\0\x02\0\x02" + bytes(4) + bytes(16), "FramebufferUpdate 1 rect raw 32 B"),
        (DOWN, UPDATE + b"\0\x12\0\x02\0\0\0\x05" + b"\x01" + bytes(128) + b"\x00",
         "FramebufferUpdate 1 rect hextile 146 B"),
    ]),
    "guacamole": ("guacamole", "/", [
        (UP, "3.key,2.97,1.1;", "key a down"),
        (DOWN, "4.sync,5.31337;", "sync 31337"),
    ]),
    "k8s": ("v4.channel.k8s.io", "/", [(DOWN, b"\x01\x1b[1mhi\x1b[0m\r\n", "stdout 12 bytes hi")]),
    "terminado": (None, "/terminals/websocket/1", [
        (UP, '["stdin","ls\\r"]', "stdin 3 bytes ls"),
        (UP, '["set_size",24,80]', "set_size 24 80"),
    ]),
    "ttyd": ("tty", "/ws", [(DOWN, b"0hello", "output 5 bytes hello")]),
    "jupyter": (None, "/api/kernels/1/channels", [
        (UP, json.dumps({"channel": "shell", "content": {"code": "print(6*7)"},
                         "header": {"msg_type": "execute_request", "msg_id": "a"}}),
         "shell execute_request print(6*7)"),
        (DOWN, json.dumps({"channel": "iopub", "content": {"name": "stdout", "text": "42\n"},
                           "header": {"msg_type": "stream"}, "parent_header": {"msg_id": "a"}}),
         "iopub stream stdout 42"),
        (DOWN, json.dumps({"channel": "shell", "content": {"status": "ok"},
                           "header": {"msg_type": "execute_reply"}}), "shell execute_reply ok"),
    ]),
    "ssh": (None, "/", [(UP, b"SSH-2.0-x\r\n", "version SSH-2.0-x")]),
}  # fmt: skip


@pytest.mark.parametrize("name", DIALOGUES)
def test_lines(name: str) -> None:
    subprotocol, target, dialogue = DIALOGUES[name]
    talk = Talk(subprotocol, target)
    for direction, content, line in dialogue:
        assert talk.lines(direction, content) == [line]


def test_tokens_are_not_shown() -> None:
    (found,) = Talk(target="/api/websocket").feed(UP, '{"type":"auth","access_token":"s3cret"}')
    assert "s3cret" not in f"{found.summary} {found.tree}"


def test_jupyter_in_the_framing_of_its_subprotocol() -> None:
    pieces = [
        b"shell",
        b'{"msg_type":"execute_request","msg_id":"a"}',
        b"{}",
        b"{}",
        b'{"code":"1+1"}',
        b"BUFFER",
    ]
    offsets = [8 + 8 * (len(pieces) + 1)]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    head = b"".join(number.to_bytes(8, "little") for number in (len(offsets), *offsets))
    (found,) = Talk("v1.kernel.websocket.jupyter.org").feed(UP, head + b"".join(pieces))
    assert found.summary == "shell execute_request 1+1 (1 buffer)"
    assert found.pair is not None and found.pair.key == "a"
