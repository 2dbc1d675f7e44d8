"""What was held becomes bytes again, and the receiver's context survives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.framedecoder import FrameDecoder
from tests.unit.protocol.test_messages import assemble
from wsproxy.model.batches import BatchBuilder
from wsproxy.model.inflight import InFlightMessage, injected
from wsproxy.model.records import Direction
from wsproxy.protocol.deflate import DeflateParameters, Deflater, Inflater
from wsproxy.protocol.frames import Frame, make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.protocol.messages import Message, MessageAssembler
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.encoder import LaneEncoder
from wsproxy.relay.holding import HoldBudget, Holding

KEY = b"\x09\x08\x07\x06"
DOWN = Direction.DOWNSTREAM


def held(
    data: bytes,
    negotiated: NegotiatedExtensions = NegotiatedExtensions(),
    direction: Direction = DOWN,
) -> list[InFlightMessage]:
    decoder = StreamDecoder(1, direction, negotiated)
    holding = Holding(HoldBudget())
    decoder.hold(holding)
    assert decoder.decode(data, 1.0, BatchBuilder(), lambda: False) == b""
    return [each for each in holding.completed if isinstance(each, InFlightMessage)]


def encoder(
    negotiated: NegotiatedExtensions = NegotiatedExtensions(), direction: Direction = DOWN
) -> LaneEncoder:
    return LaneEncoder(direction, negotiated, lambda: KEY)


def wire(frames: list[Frame]) -> bytes:
    return b"".join(frame.wire for frame in frames)


def received(data: bytes, bits: int = 15, *, no_context: bool = False) -> list[Message]:
    assembler = MessageAssembler(inflater=Inflater(bits, no_context_takeover=no_context))
    return assemble(FrameDecoder().feed(data), assembler)


FRAGMENTED = make_frame(1, b"Hel", fin=False).wire + make_frame(0, b"lo").wire


def test_what_nobody_changed_goes_on_as_it_came() -> None:
    (in_flight,) = held(FRAGMENTED)
    assert wire(encoder().encode(in_flight)) == FRAGMENTED


def test_a_change_of_the_same_length_keeps_the_fragments() -> None:
    (in_flight,) = held(FRAGMENTED)
    in_flight.change(b"HELLO", "test")
    expected = make_frame(1, b"HEL", fin=False).wire + make_frame(0, b"LO").wire
    assert wire(encoder().encode(in_flight)) == expected


def test_another_length_makes_one_frame() -> None:
    (in_flight,) = held(FRAGMENTED)
    in_flight.change(b"Good bye", "test")
    assert wire(encoder().encode(in_flight)) == make_frame(1, b"Good bye").wire


def test_dropped_and_changed_back() -> None:
    (in_flight,) = held(FRAGMENTED)
    in_flight.drop("test")
    assert encoder().encode(in_flight) == []
    (in_flight,) = held(FRAGMENTED)
    in_flight.change(b"Hello", "test")
    assert in_flight.verdict == "relayed"
    assert wire(encoder().encode(in_flight)) == FRAGMENTED


def test_towards_the_server_the_proxys_frames_are_masked() -> None:
    up = Direction.UPSTREAM
    (in_flight,) = held(make_frame(1, b"Hello", masking_key=b"abcd").wire, direction=up)
    in_flight.change(b"Bye", "test")
    expected = make_frame(1, b"Bye", masking_key=KEY).wire
    assert wire(encoder(direction=up).encode(in_flight)) == expected


def test_control_frames_may_be_changed() -> None:
    (in_flight,) = held(make_frame(9, b"ping").wire)
    in_flight.change(b"pong", "test")
    assert wire(encoder().encode(in_flight)) == make_frame(9, b"pong").wire


def test_an_injected_message_leaves_the_context_alone() -> None:
    negotiated = NegotiatedExtensions(DeflateParameters())
    deflater = Deflater()
    data = [make_frame(1, deflater.message(b"Hello " * 9), rsv1=True).wire for _ in range(2)]
    lane = encoder(negotiated)
    first, second = held(b"".join(data), negotiated)
    out = wire(lane.encode(first))
    out += wire(lane.encode(injected(DOWN, 1, b"by the way", 1.0, "test")))
    out += wire(lane.encode(second))
    assert out == data[0] + make_frame(1, b"by the way").wire + data[1]
    assert lane.verbatim
    assert [message.content for message in received(out)][1] == b"by the way"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abc ", max_size=60).map(str.encode),
            st.sampled_from(["relay", "change", "drop", "inject"]),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.booleans(),
    st.sampled_from([9, 12, 15]),
)
def test_whatever_is_changed_the_receiver_reads_what_was_meant(
    plan: list[tuple[bytes, str, bool]], no_context: bool, bits: int
) -> None:
    negotiated = NegotiatedExtensions(
        DeflateParameters(server_no_context_takeover=no_context, server_max_window_bits=bits)
    )
    sender = Deflater(bits, no_context_takeover=no_context)
    decoder = StreamDecoder(1, DOWN, negotiated)
    holding = Holding(HoldBudget())
    decoder.hold(holding)
    lane = encoder(negotiated)
    out = b""
    expected = []
    for content, what, compressed in plan:
        if what == "inject":
            out += wire(lane.encode(injected(DOWN, 1, content, 1.0, "test")))
            expected.append(content)
            continue
        payload = sender.message(content) if compressed else content
        wire_ = make_frame(1, payload, rsv1=compressed).wire
        decoder.decode(wire_, 1.0, BatchBuilder(), lambda: False)
        in_flight = holding.completed.pop()
        assert isinstance(in_flight, InFlightMessage)
        assert in_flight.content == content
        if what == "change":
            in_flight.change(content + b"!", "test")
            expected.append(content + b"!")
        elif what == "drop":
            in_flight.drop("test")
        else:
            expected.append(content)
        out += wire(lane.encode(in_flight))
    assert [m.content for m in received(out, bits, no_context=no_context)] == expected
