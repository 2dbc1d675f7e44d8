"""Socket.IO: what the library's own packets say, attachments, the other version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from hypothesis import given
from hypothesis import strategies as st
from socketio.msgpack_packet import MsgPackPacket
from socketio.packet import ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, Packet

from tests.unit.payloads.talk import DOWN, JSON_VALUES, UP, Talk
from wsproxy.payloads.bounds import MAX_PARSED

EIO4 = "/socket.io/?EIO=4&transport=websocket"


def encoded(packet: Packet) -> list[str | bytes]:
    """The messages that the library sends for a packet."""
    parts = packet.encode()
    parts = parts if isinstance(parts, list) else [parts]
    return [EnginePacket(MESSAGE, data=part).encode() for part in parts]


@pytest.mark.parametrize(
    ("direction", "content", "line"),
    [
        (DOWN, '0{"sid":"a","pingInterval":25000}', 'open {sid:"a",pingInterval:25000}'),
        (UP, "2probe", "probe"),
        (DOWN, "3probe", "probe answered"),
        (UP, "5", "upgrade"),
        (DOWN, "2", "ping"),
        (UP, "3", "pong"),
        (DOWN, "6", "noop"),
        (UP, "40/adm,", "CONNECT /adm"),
        (DOWN, '44{"message":"unauthorized"}', "CONNECT_ERROR unauthorized"),
        (UP, '42["echo",{"n":1}]', "EVENT echo {n:1}"),
        (UP, '42/adm,7["echo","x"]', 'EVENT echo /adm ack=7 "x"'),
        (DOWN, "43/adm,7[1,2]", "ACK /adm 7 1 2"),
        (DOWN, "430[]", "ACK 0"),
        (UP, "41/adm,", "DISCONNECT /adm"),
        (UP, "4hello", "message 5 B hello"),
        (UP, "bAAEC", "message 3 B <000102>"),
    ],
)
def test_lines(direction: Any, content: str, line: str) -> None:
    assert Talk(target=EIO4).lines(direction, content) == [line]


def test_attachments_are_counted_to_their_event_in_each_direction() -> None:
    talk = Talk(target=EIO4)
    first, *attachments = encoded(Packet(EVENT, ["up", b"abc", b"de"], "/adm", 0))
    other, *others = encoded(Packet(EVENT, ["down", b"x"]))
    assert talk.up(first).endswith("(2 attachments)")
    assert talk.down(other).endswith("(1 attachment)")
    assert talk.up(attachments[0]) == "attachment 1/2 of EVENT up /adm ack=0 3 B abc"
    assert talk.down(others[0]) == "attachment 1/1 of EVENT down 1 B x"
    assert talk.up(attachments[1]) == "attachment 2/2 of EVENT up /adm ack=0 2 B de"
    assert talk.up(b"\x00stray") == "message 6 B <007374726179>"


def test_version_3_puts_a_type_before_binary_data() -> None:
    talk = Talk(target="/socket.io/?EIO=3")
    talk.up('451-["up",{"_placeholder":true,"num":0}]')
    assert talk.up(b"\x04abc") == "attachment 1/1 of EVENT up 3 B abc"
    assert talk.up("b4AAEC") == "message 3 B <000102>"


def test_the_parser_in_messagepack() -> None:
    talk = Talk(target=EIO4)
    assert talk.up(MsgPackPacket(EVENT, ["a", {"b": b"c"}], "/n", 3).encode()) == (
        "EVENT a /n ack=3 {b:<1 B>}"
    )


def test_an_event_too_long_for_the_library_is_read_in_part() -> None:
    talk = Talk(target=EIO4)
    (found,) = talk.feed(UP, '42/adm,12["big","' + "x" * MAX_PARSED + '"]')
    assert found.summary == "EVENT big /adm ack=12 …"
    assert found.pair is not None and found.pair.key == "/adm 12"


def test_known_by_the_greeting_where_the_path_does_not_tell() -> None:
    talk = Talk(target="/")
    talk.down('0{"sid":"a"}')
    assert talk.conversation.protocol == "socket.io"


NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=10)
ARGUMENTS = st.lists(JSON_VALUES | st.binary(max_size=20), max_size=3)


@given(
    kind=st.sampled_from([CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR]),
    event=NAMES,
    arguments=ARGUMENTS,
    namespace=st.just("/") | NAMES.map("/{}".format),
    number=st.none() | st.integers(0, 2**31),
)
def test_what_the_library_encodes(
    kind: int, event: str, arguments: list[Any], namespace: str, number: int | None
) -> None:
    data: Any = {EVENT: [event, *arguments], ACK: arguments}.get(kind)
    number = number if kind in {EVENT, ACK} else None
    packet = Packet(kind, data, namespace, number)
    head, *attachments = encoded(packet)
    talk = Talk(target=EIO4)
    (found,) = talk.feed(UP, head)
    assert found.kind == ("CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR")[kind]
    value = found.value
    assert (value["namespace"], value["id"]) == (namespace, number)
    assert value.get("attachments", 0) == len(attachments)
    rebuilt = Packet.reconstruct_binary(value["data"], attachments) if data else data
    assert json.dumps(rebuilt, default=repr) == json.dumps(data, default=repr)
    for index, attachment in enumerate(attachments, 1):
        (one,) = talk.feed(UP, attachment)
        assert one.kind == "attachment"
        assert one.summary.startswith(f"attachment {index}/{len(attachments)} of {found.kind}")
        assert one.value["attachment"] == attachment


def test_pairs() -> None:
    talk = Talk(target=EIO4)
    assert talk.pair(UP, "40/adm,") == ("connect /adm", "request", "upstream")
    assert talk.pair(DOWN, "40/adm,{}") == ("connect /adm", "answer", "upstream")
    assert talk.pair(UP, '42/adm,7["a"]') == ("/adm 7", "request", "upstream")
    assert talk.pair(DOWN, "43/adm,7[]") == ("/adm 7", "answer", "upstream")
    assert talk.pair(DOWN, '427["a"]') == ("/ 7", "request", "downstream")
    assert talk.pair(UP, '42["a"]') is None
