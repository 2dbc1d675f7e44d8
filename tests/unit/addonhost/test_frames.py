from __future__ import annotations

import pytest

from tests.support.framedecoder import FrameDecoder
from wsproxy.addonhost.frames import WebSocketFrame, frames_of, take_back
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import Frame, make_frame


def held(*frames: Frame) -> InFlightMessage:
    payload = b"".join(frame.payload for frame in frames)
    opcode = frames[0].opcode
    wire = b"".join(frame.wire for frame in frames)
    starts = [0]
    for frame in frames[:-1]:
        starts.append(starts[-1] + len(frame.wire))
    return InFlightMessage(Direction.UPSTREAM, 1.0, opcode, payload, wire, starts=starts)


def test_what_nobody_changed_goes_as_it_came() -> None:
    # A length in a longer form than needed: nothing is written anew.
    (odd,) = FrameDecoder().feed(bytes.fromhex("81fe0001") + b"\x01\x02\x03\x04" + b"\x40")
    in_flight = held(odd)
    take_back(in_flight, frames_of(in_flight), "addon")
    assert in_flight.verdict == "relayed"
    assert in_flight.frames == [odd]


@pytest.mark.parametrize(
    ("change", "wire"),
    [
        ({"payload": b"abc"}, "8183010203046060 60".replace(" ", "")),
        ({"rsv2": True}, "a18101020304 40".replace(" ", "")),
        ({"fin": False, "opcode": 2}, "02810102030440"),
        ({"masking_key": None}, "810141"),
        ({"masking_key": b"\x00\x00\x00\x00"}, "81810000000041"),
    ],
)
def test_changes_reach_the_wire(change: dict[str, object], wire: str) -> None:
    in_flight = held(make_frame(1, b"A", masking_key=b"\x01\x02\x03\x04"))
    frames = frames_of(in_flight)
    for name, value in change.items():
        setattr(frames[0], name, value)
    take_back(in_flight, frames, "addon")
    assert in_flight.verdict == "changed"
    assert in_flight.frames[0].wire.hex() == wire


def test_dropped_frames_leave_the_others() -> None:
    in_flight = held(make_frame(1, b"a", fin=False), make_frame(0, b"b"))
    frames = frames_of(in_flight)
    frames[0].drop()
    take_back(in_flight, frames, "addon")
    assert [frame.payload for frame in in_flight.frames] == [b"b"]


def test_all_dropped_is_a_drop() -> None:
    in_flight = held(make_frame(9, b"ping"))
    frames = frames_of(in_flight)
    frames[0].drop()
    take_back(in_flight, frames, "addon")
    assert in_flight.verdict == "dropped"


def test_what_an_addon_sees() -> None:
    frame = WebSocketFrame(make_frame(9, b"hi", masking_key=b"abcd"), Direction.UPSTREAM, 2.0)
    assert (frame.is_control, frame.masked, frame.from_client, frame.payload_length) == (
        True,
        True,
        True,
        2,
    )
    assert repr(frame) == "<WebSocketFrame from client: opcode 0x9, 2 bytes>"
