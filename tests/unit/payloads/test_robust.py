"""No input makes a decoder raise, print what steers, give more than its bounds, or grow."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.payloads.talk import DOWN, UP, payload
from wsproxy.model.records import Direction
from wsproxy.payloads.bounds import MAX_HEAD, MAX_PACKETS, MAX_SUMMARY
from wsproxy.payloads.conversation import Conversation, in_one_line
from wsproxy.payloads.decoded import Decoded, Facts
from wsproxy.payloads.registry import FACTORIES, PROTOCOLS

# What each protocol begins with, so that random changes get deeper than the first byte.
SEEDS: dict[str, list[tuple[Direction, str | bytes]]] = {
    "socket.io": [(DOWN, '0{"sid":"x"}'), (UP, '451-/adm,0["e",{"_placeholder":true,"num":0}]')],
    "graphql": [(UP, '{"id":"1","type":"subscribe","payload":{"query":"{a(b:1)}"}}')],
    "cdp": [(UP, '{"id":1,"method":"A.b","params":{}}'), (DOWN, '{"id":1,"result":{}}')],
    "json-rpc": [
        (UP, '{"jsonrpc":"2.0","id":"a","method":"m"}'),
        (DOWN, '[{"id":"a","error":{}}]'),
    ],
    "mqtt": [
        (UP, b"\x10\x12\x00\x04MQTT\x05\x02\x00\x02\x00\x00\x06held-1"),
        (UP, b"\x32\x0b\x00\x03t/b\x00\x07\x00abc"),
        (DOWN, b"\x90\x04\x00\x07\x02\x00"),
    ],
    "stomp": [(UP, "CONNECT\nhost:a\n\n\0"), (UP, "SEND\ndestination:/a\ncontent-length:1\n\nx\0")],
    "nats": [(DOWN, b"INFO {}\r\n"), (DOWN, b"HMSG a 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n")],
    "jupyter": [
        (UP, '{"header":{"msg_type":"execute_request","msg_id":"1"},"content":{"code":"1"}}'),
        (UP, b"\x00\x00\x00\x01\x00\x00\x00\x08" + b'{"header":{"msg_type":"a"}}'),
    ],
    "signalr": [
        (UP, '{"protocol":"messagepack","version":1}\x1e'),
        (DOWN, "{}\x1e"),
        (UP, b"\x02\x91\x06"),
    ],
    "phoenix": [(UP, '["1","1","room:1","phx_join",{}]'), (UP, b"\x00\x01\x01\x01\x0111te")],
    "wamp": [(UP, '[1,"r",{"roles":{}}]'), (UP, '[48,1,{},"a",[1]]'), (DOWN, "[50,1,{},[2]]")],
    "home-assistant": [(DOWN, '{"type":"auth_required"}'), (UP, '{"id":1,"type":"get_states"}')],
    "discord": [(DOWN, '{"op":10,"d":{"heartbeat_interval":1}}')],
    "slack": [(DOWN, '{"type":"hello","num_connections":1}'), (UP, '{"envelope_id":"1"}')],
    "vite": [(DOWN, '{"type":"update","updates":[{"type":"js-update","path":"/a"}]}')],
    "webpack": [(DOWN, '{"type":"errors","data":["a"]}')],
    "rfb": [
        (DOWN, b"RFB 003.008\n"),
        (UP, b"RFB 003.008\n"),
        (DOWN, b"\x01\x01"),
        (UP, b"\x01"),
        (DOWN, bytes(4)),
        (UP, b"\x01"),
        (DOWN, b"\0\x02\0\x02\x20\x18\0\1\0\xff\0\xff\0\xff\0\x08\x10\0\0\0\0\0\0\x01x"),
        (DOWN, b"\0\0\0\x01" + bytes(4) + b"\0\x02\0\x02" + bytes(4) + bytes(16)),
        (DOWN, b"\0\0\0\x01" + bytes(4) + b"\0\x12\0\x02\0\0\0\x05" + b"\x08\x01aa\0"),
        (DOWN, b"\0\0\0\x01" + bytes(4) + b"\0\x12\0\x02\0\0\0\x07" + b"\x50\x01\x01aaabbb\x02cc"),
    ],
    "guacamole": [(UP, "3.key,2.97,1.1;4.sync,1.1;")],
    "k8s-exec": [(DOWN, b"\x01hello")],
    "terminado": [(DOWN, '["stdout","x"]')],
    "ttyd": [(DOWN, b"0hello")],
    "ssh": [(UP, b"SSH-2.0-x\r\n"), (UP, b"\0\0\0\x0c\x04\x15aaaaaaaaaa")],
    "auto": [
        (UP, b"\x82\xa1a\x01\xa1b\x93\x01\x02\x03"),
        (UP, b"\xa1\x61a\xc2\x41x"),
        (UP, "a=b&c"),
    ],
    "xml": [(UP, "<a b='c'>d<e/></a>")],
    "jwt": [(UP, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")],
    "bson": [(UP, b"\x0c\0\0\0\x10a\0\x01\0\0\0\0")],
    "protobuf": [(UP, b"\x08\x96\x01\x12\x03abc\x1a\x02\x08\x01")],
}

PLACES: dict[str, Facts] = {
    "socket.io": Facts("/socket.io/?EIO=4"),
    "mqtt": Facts("/", "mqtt"),
    "jupyter": Facts("/", "v1.kernel.websocket.jupyter.org"),
    "discord": Facts("/?v=10&encoding=json&compress=zlib-stream"),
    "wamp": Facts("/", "wamp.2.json"),
}

CONTENTS = st.binary(max_size=200) | st.text(max_size=100)


def check(found: list[Decoded] | None) -> None:
    assert found is None or len(found) <= MAX_PACKETS + 2
    for one in found or []:
        assert one.summary.isprintable() and len(one.summary) <= MAX_SUMMARY
        assert one.kind.isprintable() and 0 < len(one.kind) <= 64 * 10
        json.dumps(one.tree, ensure_ascii=False, allow_nan=False).encode()
    in_one_line(found or [])


@st.composite
def changed(draw: st.DrawFn, content: str | bytes) -> str | bytes:
    """`content`, as it is or with some of it changed, cut, doubled or thrown out."""
    way = draw(st.integers(0, 4))
    at, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    rest = {0: at, 1: len(content), 2: end, 3: end, 4: at}[way]
    if isinstance(content, str):
        return content[:at] + (draw(st.text(max_size=8)) if way > 2 else "") + content[rest:]
    return content[:at] + (draw(st.binary(max_size=8)) if way > 2 else b"") + content[rest:]


@st.composite
def dialogues(draw: st.DrawFn, name: str) -> list[tuple[Direction, str | bytes, int]]:
    """Messages that look like the protocol, with the number of bytes that are missing."""
    seeds = SEEDS.get(name, [])
    said: list[tuple[Direction, str | bytes, int]] = []
    for direction, content in seeds:
        missing = draw(st.sampled_from([0, 0, 0, 1, 100_000]))
        said.append((direction, draw(changed(content)), missing))
    for _ in range(draw(st.integers(0, 4))):
        direction = draw(st.sampled_from(list(Direction)))
        known: st.SearchStrategy[str | bytes] = st.sampled_from([one for _, one in seeds] or [b""])
        seed = draw(known | CONTENTS)
        said.append((direction, draw(changed(seed)), 0))
    return said


@pytest.mark.parametrize("name", FACTORIES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_said(name: str, data: st.DataObject) -> None:
    decoder = FACTORIES[name](PLACES.get(name, Facts()))
    for direction, content, missing in data.draw(dialogues(name)):
        message = payload(direction, content)
        check(decoder.feed(message._replace(length=message.length + missing)))


@pytest.mark.parametrize("name", [one.name for one in PROTOCOLS])
@given(content=CONTENTS, facts=st.builds(Facts, st.text(), st.none() | st.text()))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whoever_connects(name: str, content: str | bytes, facts: Facts) -> None:
    decoder = next(one for one in PROTOCOLS if one.name == name)
    decoder.of_facts(facts)
    decoder.of_payload(facts, payload(UP, content))
    check(decoder(facts).feed(payload(DOWN, content)))


BOMBS: dict[str, str | bytes] = {
    "nested JSON": "[" * 200_000,
    "nested JSON objects": '{"a":' * 60_000,
    "an empty type": '{"type":"","event":"","op":"","method":"","cmd":""}',
    "a long number": '{"id":' + "9" * 200_000 + "}",
    "numbers": '{"id":[' + "1e999," * 30_000 + "NaN]}",
    "a lone surrogate": '{"type":"\\ud800","id":"\\udfff"}',
    "nested MessagePack": b"\x91" * 200_000,
    "claims of MessagePack": b"\xdd\x00\x0f\xff\xff" * 40_000,
    "a claim of MessagePack": b"\x81\xa1a\xc6\xff\xff\xff\xff",
    "nested CBOR": b"\x81" * 200_000,
    "claims of CBOR": b"\x9b\x00\x00\x00\x00\x0f\xff\xff\xff" * 20_000,
    "a CBOR float of 2**27 bits": b"\x81\xc5\x82\x1a\x08\x00\x00\x00\x01",
    "a CBOR integer of a million bits": b"\x81\xc2\x5a\x00\x02\x00\x00" + b"\xff" * 131_072,
    "CBOR references to themselves": b"\x81\xd8\x1c\x82\xd8\x1d\x00\xd8\x1d\x00",
    "gzip of zeros": gzip.compress(bytes(50_000_000)),
    "nested XML": "<a>" * 80_000,
    "XML with entities": '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "escape sequences": "\x1b[" * 100_000,
    "escape strings": "\x1b]" * 100_000,
    "form fields": "a=b&" * 60_000,
    "base64": "A" * 250_000,
    "nested Protobuf": b"\x0a\xff\x7f" * 5_000,
    "GraphQL": '{"type":"subscribe","id":"1","payload":{"query":"' + "{a" * 8_000 + '"}}',
    "MQTT pings": b"\xc0\x00" * 100_000,
    "an MQTT packet of 256 MB": b"\x30\xff\xff\xff\x7f" + bytes(200_000),
    "STOMP without an end": "SEND\n" + "a:b\n" * 50_000,
    "STOMP frames": "A\n\n\0".replace("A", "SEND") * 40_000,
    "NATS pings": b"PING\r\n" * 40_000,
    "Guacamole": "1.a;" * 60_000,
    "one Guacamole instruction": "1.a," * 60_000,
    "Socket.IO attachments": '4599999999-["a"]',
    "WAMP batches": "[8]\x18" * 60_000,
    "an LSP header": "Content-Length: 1\r\n" + "a:b\r\n" * 50_000,
}


@pytest.mark.parametrize("name", FACTORIES)
def test_bombs(name: str) -> None:
    """Memory is bounded; that nothing takes for ever is seen by the suite ending."""
    FACTORIES[name](PLACES.get(name, Facts())).feed(payload(UP, b"x"))  # what is imported stays
    for bomb, content in BOMBS.items():
        decoder = FACTORIES[name](PLACES.get(name, Facts()))
        message = payload(UP, content)
        tracemalloc.start()
        try:
            check(decoder.feed(message))
            check(decoder.feed(message._replace(direction=DOWN)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 40_000_000, bomb


@pytest.mark.parametrize("name", FACTORIES)
def test_state_does_not_grow(name: str) -> None:
    """Half a packet over and over, new ids over and over: what is kept stays below a bound."""
    decoder = FACTORIES[name](PLACES.get(name, Facts()))
    for direction, content in SEEDS.get(name, []):
        decoder.feed(payload(direction, content))
    tracemalloc.start()
    try:
        for number in range(1500):
            decoder.feed(payload(UP, f'{{"id":"{number}{"x" * 100}","type":"a","method":"m"}}'))
            decoder.feed(payload(UP, f'[48,{number},{{}},"{"x" * 200}"]'))
            decoder.feed(payload(UP, b"\x30\xff\xff\xff\x7f" + bytes(100)))
            decoder.feed(payload(UP, f"PUB {'x' * 200} reply.{number} 0\r\n\r\n".encode()))
            decoder.feed(payload(DOWN, b"PUB a 900000000\r\n" + bytes(100)))
            decoder.feed(payload(DOWN, "SEND\ncontent-length:900000000\n\nabc"))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000 + 4 * MAX_HEAD


@given(st.text())
@example("\u202e\x1b[31m\n\ud800")
def test_kinds_and_summaries_are_safe_to_print(text: str) -> None:
    value = json.dumps({"type": text[:30], "said": text})
    check(FACTORIES["json"](Facts()).feed(payload(UP, value)))


@pytest.mark.parametrize(
    "target", ["//[", "http://[/?EIO=4", "//h:x/?v=1&encoding=json", "?", "", "#?"]
)
def test_no_target_is_too_odd(target: str) -> None:
    facts = Facts(target, None, [])
    assert not [one.name for one in PROTOCOLS if one.of_facts(facts) and "?" not in target]
    for factory in FACTORIES.values():
        factory(facts)
    assert Conversation(facts).feed(payload(UP, "{}"))
