"""The short way of a held message says the same as the long one."""

from __future__ import annotations

import pytest

from wsproxy.model.records import Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.journal import Journal

KEY = b"\x01\x02\x03\x04"


def decoder(negotiated: NegotiatedExtensions = NegotiatedExtensions()) -> StreamDecoder:
    made = StreamDecoder(7, Direction.UPSTREAM, negotiated, max_payload=100_000)
    made.hold()
    return made


@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_whole_message_is_what_feed_makes_of_it(opcode: int, size: int) -> None:
    data = make_frame(opcode, b"x" * size, masking_key=KEY).wire
    whole = decoder().whole_in_flight(data, 1.5)
    assert whole is not None
    in_flight = whole
    long_way = decoder()
    (record,) = long_way.feed(data, 1.5)
    (expected,) = long_way.take()
    assert in_flight.number == expected.number == 1
    for name in ("direction", "time", "opcode", "content", "frames", "message", "original"):
        assert getattr(in_flight, name) == getattr(expected, name), name

    short, long = Journal(), Journal()
    short.add_message(decoder().key, 1.5, 1, data)
    long.add([record])
    taken = short.take(), long.take()
    assert taken[0] is not None and taken[1] is not None
    assert taken[0].block == taken[1].block


@pytest.mark.parametrize(
    "data",
    [
        make_frame(1, b"part", fin=False, masking_key=KEY).wire,
        make_frame(1, b"squeezed", rsv1=True, masking_key=KEY).wire,
        make_frame(9, b"ping", masking_key=KEY).wire,
        make_frame(1, b"\xff", masking_key=KEY).wire,
        make_frame(1, b"not masked").wire,
        make_frame(1, b"two", masking_key=KEY).wire * 2,
        make_frame(1, b"half", masking_key=KEY).wire[:-1],
        make_frame(2, b"x" * 100_001, masking_key=KEY).wire,
    ],
)
def test_anything_else_has_to_be_fed(data: bytes) -> None:
    assert decoder().whole_in_flight(data, 0.0) is None


def test_inside_a_message_nothing_is_whole() -> None:
    held = decoder()
    held.feed(make_frame(1, b"part", fin=False, masking_key=KEY).wire, 0.0)
    assert held.whole_in_flight(make_frame(1, b"whole", masking_key=KEY).wire, 0.0) is None


def test_with_an_unknown_extension_nothing_is_whole() -> None:
    data = make_frame(1, b"whole", masking_key=KEY).wire
    assert decoder(NegotiatedExtensions(unknown=("x-odd",))).whole_in_flight(data, 0.0) is None
