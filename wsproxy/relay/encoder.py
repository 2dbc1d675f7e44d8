"""What was held becomes bytes again: as they came if nobody changed them."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import Direction
from wsproxy.protocol.deflate import Deflater
from wsproxy.protocol.frames import Frame, Opcode, make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.protocol.messages import fragment_sizes


class LaneEncoder:
    """Encodes what is sent in one direction, in the order it is sent.

    Once a compressed message was changed, dropped or moved, the receiver's context is no longer
    the sender's. From that message on the encoder compresses everything itself, with a fresh
    context, and never goes back (docs/architecture.md).
    """

    def __init__(
        self,
        direction: Direction,
        negotiated: NegotiatedExtensions,
        new_masking_key: Callable[[], bytes],
    ) -> None:
        """`new_masking_key` gives four unpredictable bytes (RFC 6455, section 5.3)."""
        self._mask = new_masking_key if direction is Direction.UPSTREAM else lambda: None
        self._deflater: Deflater | None = None
        self._context = False
        self.verbatim = True
        """Whether unchanged messages still go on as they came."""
        deflate = negotiated.deflate
        if deflate is not None:
            upstream = direction is Direction.UPSTREAM
            no_context = (
                deflate.client_no_context_takeover
                if upstream
                else deflate.server_no_context_takeover
            )
            bits = deflate.client_max_window_bits if upstream else deflate.server_max_window_bits
            self._deflater = Deflater(bits, no_context_takeover=no_context)
            self._context = not no_context

    def keeps(self, in_flight: InFlightMessage) -> bool:
        """Whether a message goes on in the bytes in which it came."""
        return (
            in_flight.verdict == "relayed"
            and (self.verbatim or not in_flight.compressed)
            and not in_flight.moved
        )

    def encode(self, in_flight: InFlightMessage) -> list[Frame]:
        """The frames to send for it; none if it was dropped."""
        compressed = in_flight.compressed
        content_changed = in_flight.content != in_flight.original
        if in_flight.verdict == "dropped":
            if compressed:
                self._leave_context()
            return []
        if compressed and in_flight.moved:
            self._leave_context()  # what it refers back to came in another order
        if in_flight.verdict == "injected":
            return [self._frame(in_flight.opcode, in_flight.content)]
        if in_flight.reframed and not content_changed:
            if compressed:
                self._leave_context()
            return in_flight.frames
        if not content_changed and (self.verbatim or not compressed):
            return in_flight.frames
        if in_flight.is_control:
            return [self._frame(in_flight.opcode, in_flight.content)]
        if compressed and not in_flight.readable and not content_changed:
            return in_flight.frames  # unreadable for the proxy, and so it stays for the receiver
        if compressed:
            return [self._compressed(in_flight)]
        sizes = [frame.payload_length for frame in in_flight.came]
        return self._fragments(in_flight.opcode, in_flight.content, sizes)

    def _compressed(self, in_flight: InFlightMessage) -> Frame:
        assert self._deflater is not None
        self._leave_context()
        if not self._deflater.possible:
            return self._frame(in_flight.opcode, in_flight.content)
        payload = self._deflater.message(in_flight.content)
        return make_frame(in_flight.opcode, payload, rsv1=True, masking_key=self._mask())

    def _fragments(self, opcode: int, content: bytes, sizes: list[int]) -> list[Frame]:
        frames = []
        pos = 0
        sizes = fragment_sizes(sizes, len(content))
        for index, size in enumerate(sizes):
            frames.append(
                make_frame(
                    opcode if index == 0 else Opcode.CONTINUATION,
                    content[pos : pos + size],
                    fin=index == len(sizes) - 1,
                    masking_key=self._mask(),
                )
            )
            pos += size
        return frames

    def _frame(self, opcode: int, content: bytes) -> Frame:
        return make_frame(opcode, content, masking_key=self._mask())

    def _leave_context(self) -> None:
        if self._context:
            self.verbatim = False
