"""The hook that mitmproxy lacks: `websocket_frame(flow, frame)`, once for every frame."""

from __future__ import annotations

from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.frames import FIN, RSV1, RSV2, RSV3, Frame, encode_header


class WebSocketFrame:
    """A frame as an addon sees it. What may be changed: `payload`, `opcode`, `fin`, `rsv1`,
    `rsv2`, `rsv3`, `masking_key`; `drop()` drops it.

    The payload is unmasked, and compressed if the wire's is.
    """

    def __init__(self, frame: Frame, direction: Direction, timestamp: float) -> None:
        self.opcode = frame.opcode
        self.fin = frame.fin
        self.rsv1 = frame.rsv1
        self.rsv2 = frame.rsv2
        self.rsv3 = frame.rsv3
        self.masking_key = frame.masking_key
        """Four bytes, or None for a frame that is not masked."""
        self.payload = frame.payload
        self.from_client = direction is Direction.UPSTREAM
        self.timestamp = timestamp
        self.dropped = False
        self.header = frame.header
        """The header as it came, byte for byte."""
        self.payload_length = frame.payload_length
        """The payload length that the header announced."""
        self._original = frame
        self._before = self._values()

    @property
    def masked(self) -> bool:
        return self.masking_key is not None

    @property
    def is_control(self) -> bool:
        return self.opcode >= 0x8

    def drop(self) -> None:
        """Do not send this frame."""
        self.dropped = True

    def __repr__(self) -> str:
        side = "client" if self.from_client else "server"
        return f"<WebSocketFrame from {side}: opcode {self.opcode:#x}, {len(self.payload)} bytes>"

    @property
    def changed(self) -> bool:
        """Whether it is to be sent otherwise than it came."""
        return self.dropped or self._values() != self._before

    def result(self) -> Frame | None:
        """The frame to send: as it came if nobody changed it, None if it was dropped."""
        if self.dropped:
            return None
        if not self.changed:
            return self._original
        first = self.opcode & 0x0F
        for flag, bit in ((self.fin, FIN), (self.rsv1, RSV1), (self.rsv2, RSV2), (self.rsv3, RSV3)):
            first |= bit if flag else 0
        size = len(self.payload)
        header = encode_header(first, size, self.masking_key)
        return Frame(self.opcode, header, bytes(self.payload), size, size)

    def _values(self) -> tuple[object, ...]:
        return (
            self.opcode,
            self.fin,
            self.rsv1,
            self.rsv2,
            self.rsv3,
            self.masking_key,
            self.payload,
        )


def frames_of(in_flight: InFlightMessage) -> list[WebSocketFrame]:
    """What a hook is shown of a message or control frame."""
    return [
        WebSocketFrame(frame, in_flight.direction, in_flight.time) for frame in in_flight.frames
    ]


def take_back(in_flight: InFlightMessage, frames: list[WebSocketFrame], cause: str) -> None:
    """Let go on what a hook made of the frames."""
    if not any(frame.changed for frame in frames):
        return
    left = [result for frame in frames if (result := frame.result()) is not None]
    if left:
        in_flight.send_frames(left, cause)
    else:
        in_flight.drop(cause)
