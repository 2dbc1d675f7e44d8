"""What was held becomes bytes again: as they came if nobody changed them."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.model.inflight import Passing
from wsproxy.model.records import Direction
from wsproxy.protocol.deflate import Deflater
from wsproxy.protocol.frames import Frame, Opcode, make_frame
from wsproxy.protocol.handshake import Agreed
from wsproxy.protocol.messages import fragment_sizes


class LaneEncoder:
    """Encodes what is sent in one direction, in the order it is sent.

    Once a compressed message was changed, dropped or moved, the receiver's context is no longer
    the sender's. From that message on the encoder compresses everything itself, with a fresh
    context, and never goes back (docs/how-it-works.md).
    """

    def __init__(
        self, direction: Direction, agreed: Agreed, new_masking_key: Callable[[], bytes]
    ) -> None:
        """`new_masking_key` gives four unpredictable bytes (RFC 6455, section 5.3)."""
        self._mask = new_masking_key if direction is Direction.UPSTREAM else lambda: None
        self._deflater: Deflater | None = None
        self._own_context = False
        deflate = agreed.deflate
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
        else:
            self._context = False

    @property
    def verbatim(self) -> bool:
        """Whether unchanged messages still go on as they came."""
        return not self._own_context

    def encode(self, passing: Passing) -> list[Frame]:
        """The frames to send for it; none if it was dropped."""
        message = passing.message
        compressed = message is not None and message.compressed
        content_changed = passing.content != passing.original
        frames_changed = passing.frames is not passing.came
        if passing.verdict == "dropped":
            if compressed:
                self._leave_context()
            return []
        if compressed and passing.moved:
            self._leave_context()  # what it refers back to came in another order
        if passing.verdict == "injected":
            return [self._frame(passing.opcode, passing.content)]
        if frames_changed and not content_changed:
            if compressed:
                self._leave_context()
            return passing.frames
        if not content_changed and not (compressed and self._own_context):
            return passing.frames
        if passing.is_control:
            return [self._frame(passing.opcode, passing.content)]
        if compressed and not passing.readable and not content_changed:
            return passing.frames  # unreadable for the proxy, and so it stays for the receiver
        if compressed:
            return [self._compressed(passing)]
        sizes = message.frame_lengths if message is not None else []
        return self._fragments(passing.opcode, passing.content, sizes)

    def _compressed(self, passing: Passing) -> Frame:
        assert self._deflater is not None
        self._leave_context()
        if not self._deflater.possible:
            return self._frame(passing.opcode, passing.content)
        payload = self._deflater.message(passing.content)
        return make_frame(passing.opcode, payload, rsv1=True, masking_key=self._mask())

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
            self._own_context = True
