"""Each rule by the bytes that break it; and what breaks none."""

from __future__ import annotations

import pytest

from tests.support.framedecoder import FrameDecoder
from wsproxy.errors import Side
from wsproxy.protocol.lint import MAX_KNOWN, RULES, FrameLinter

GOOD_SERVER = ["8105 48656c6c6f", "0100 8900 8000", "8802 03e8", "8800", "827e007e" + "00" * 126]
GOOD_CLIENT = ["8180 00000000", "8885 00000000 0fa1627965"]

BAD_SERVER = [
    ("c100", ["rsv-bits"]),
    ("a100", ["rsv-bits"]),
    ("9100", ["rsv-bits"]),
    ("8300", ["reserved-opcode"]),
    ("8b00", ["reserved-opcode"]),
    ("817e0001 61", ["length-not-minimal"]),
    ("817f0000000000000001 61", ["length-not-minimal"]),
    ("8180 00000000", ["masked-server-frame"]),
    ("0900", ["control-fragmented"]),
    ("897e007e" + "00" * 126, ["control-too-long"]),
    ("8000", ["continuation-without-start"]),
    ("0100 8100", ["message-inside-message"]),
    ("8801 03", ["close-payload"]),
    ("8802 03ed", ["close-code"]),
    ("8803 03e8ff", ["close-reason-utf8"]),
    ("8800 8100", ["after-close"]),
    ("8105 4865", ["frame-cut-off"]),
    ("817e00", ["frame-cut-off"]),
    ("827fffffffffffffffff 00", ["length-too-large", "frame-cut-off"]),
]


def rules(wire: str, sender: Side = Side.SERVER, **extensions: bool) -> list[str]:
    decoder = FrameDecoder()
    linter = FrameLinter(sender, **extensions)
    frames = decoder.feed(bytes.fromhex(wire))
    rest = decoder.eof()
    violations = [
        violation
        for frame in [*frames, *([rest] if rest else [])]
        for violation in linter.check(
            frame.header, frame.payload_length, frame.received, frame.payload
        )
    ]
    assert all(v.side is sender and v.section == RULES[v.rule] for v in violations)
    return [violation.rule for violation in violations]


@pytest.mark.parametrize(("wire", "expected"), BAD_SERVER)
def test_what_breaks_a_rule(wire: str, expected: list[str]) -> None:
    assert rules(wire) == expected


def test_what_breaks_none() -> None:
    for wire in GOOD_SERVER:
        assert rules(wire) == []
    for wire in GOOD_CLIENT:
        assert rules(wire, Side.CLIENT) == []


def test_clients_must_mask() -> None:
    assert rules("8100", Side.CLIENT) == ["unmasked-client-frame"]


def test_with_deflate_rsv1_belongs_to_the_first_frame_of_a_message() -> None:
    assert rules("c100", rsv1_allowed=True) == []
    assert rules("4100 c000", rsv1_allowed=True) == ["rsv1-misplaced"]
    assert rules("c900", rsv1_allowed=True) == ["rsv1-misplaced"]


def test_an_unknown_extension_may_do_as_it_likes_with_bits_and_opcodes() -> None:
    assert rules("f300 8b00", rsv_unknown=True) == []


def test_what_is_remembered_is_bounded() -> None:
    linter = FrameLinter(Side.SERVER)
    for length in range(3 * MAX_KNOWN):
        header = bytes([0x81, 127]) + length.to_bytes(8, "big")  # not the shortest form
        assert linter.check(header, length, length)
    assert len(linter._known) == MAX_KNOWN
