"""What records and held messages say."""

from __future__ import annotations

from typing import Any

from tests.support.fakes import connection
from wsproxy.filters.language import parse
from wsproxy.filters.subject import Subject
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, Direction, FrameRecord, MessageRecord
from wsproxy.payloads.rules import parse_rules
from wsproxy.payloads.sayings import InFlightSayings, Said, Sayings, said_object
from wsproxy.protocol.frames import make_frame

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM


def socket_io(number: int = 1) -> ConnectionRecord:
    record = connection()
    record.id = number
    record.target = "/socket.io/?EIO=4"
    return record


class Feed:
    """Messages of one connection, a frame each."""

    def __init__(self, record: ConnectionRecord, **given: Any) -> None:
        self.sayings = Sayings({record.id: record}.get, **given)
        self._connection = record
        self._id = 0

    def __call__(
        self, direction: Direction, content: bytes, time: float = 0, **given: Any
    ) -> Said | None:
        self._id += 1
        frame = make_frame(given.pop("opcode", 1), content, **given)
        return self.sayings.of(
            self._id, FrameRecord(self._connection.id, direction, time, frame, self._id, ()), None
        )


def test_a_request_and_its_answer() -> None:
    feed = Feed(socket_io())
    asked = feed(UP, b'427["echo",1]', 1.0)
    assert asked is not None and asked.line == "EVENT echo ack=7 1" and asked.latency is None
    assert len(feed.sayings.waiting(9)) == 1
    answered = feed(DOWN, b"437[1]", 1.085)
    assert answered is not None and answered.latency is not None
    assert round(answered.latency, 3) == 0.085
    assert feed.sayings.waiting(9) == []
    assert said_object(answered, tree=True) == {
        "summary": "ACK 7 1",
        "latency": answered.latency,
        "decoded": [
            {
                "protocol": "socket.io",
                "kind": "ACK",
                "summary": "ACK 7 1",
                "sure": "likely",
                "pair": {"key": "/ 7", "role": "answer", "asker": "upstream"},
                "tree": {"type": "ACK", "namespace": "/", "id": 7, "data": [1]},
            }
        ],
    }


def test_what_is_no_whole_message_says_nothing() -> None:
    feed = Feed(socket_io())
    assert feed(UP, b"2", opcode=9) is None
    assert feed(UP, b"42[1]", fin=False) is None


def test_the_content_of_a_compressed_or_fragmented_message_is_read() -> None:
    record = socket_io()
    sayings = Sayings({1: record}.get)
    frame = FrameRecord(1, UP, 0, make_frame(0, b"x"), 1, ())
    message = MessageRecord(1, UP, 1, 0, 1, b'42["a"]', 7, 3, compressed=True)
    said = sayings.of(1, frame, message)
    assert said is not None and said.line == "EVENT a"


def test_plain_json_needs_no_other_line() -> None:
    said = Feed(connection())(UP, b'{"type":"hi","id":1}')
    assert said is not None and said.plain and said.packets[0].kind == "hi"


def test_rules_reach_the_decoders() -> None:
    said = Feed(socket_io(), rules=parse_rules(["/=json"]))(UP, b"[1]")
    assert said is not None and said.packets[0].protocol == "json"
    assert Feed(socket_io(), rules=parse_rules(["-"]))(UP, b"42[1]") is None


def test_held_messages_are_decoded_once() -> None:
    sayings, record = InFlightSayings(), socket_io()
    first = InFlightMessage(UP, 0, 1, b'451-["a",{"_placeholder":true,"num":0}]', number=1)
    second = InFlightMessage(UP, 0, 2, b"abc", number=2)
    wanted = parse("~kind ^attachment$ & ~say 'EVENT a' & ~proto socket")
    for in_flight, matches in [(first, False), (second, True), (second, True)]:
        subject = sayings.describe(Subject(), in_flight, record)
        assert wanted.matches(subject) is matches
    ping = InFlightMessage(UP, 0, 9, b"x")
    assert sayings.describe(Subject(), ping, record).kinds == ()


def test_filters_know_whether_they_ask_decoders() -> None:
    assert parse("~up & (~b x | ! ~kind ack)").decodes
    assert not parse("~up & ~b x & ~size >3").decodes
    assert parse("~kind ack").explain() == "what the protocol calls the message matches 'ack'"
