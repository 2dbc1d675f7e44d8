"""Frames by hand, for libraries whose own interface sends whole messages only."""

from __future__ import annotations

from websockets.frames import Frame, Opcode

from tests.support.conversation import SayInPieces


def wire(step: SayInPieces, *, mask: bool) -> bytes:
    """A fragmented message, uncompressed, as it goes onto a socket."""
    first = Opcode.TEXT if isinstance(step.pieces[0], str) else Opcode.BINARY
    last = len(step.pieces) - 1
    frames = [
        Frame(Opcode.CONT if index else first, piece, fin=index == last)
        for index, piece in enumerate(step.encoded)
    ]
    if step.ping is not None:
        frames.insert(1, Frame(Opcode.PING, step.ping))
    return b"".join(frame.serialize(mask=mask) for frame in frames)
