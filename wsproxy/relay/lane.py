"""One direction at run time: cut-through while nobody may change anything, held otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsproxy.model.inflight import InFlightMessage
from wsproxy.relay.cut_through import CutThrough
from wsproxy.relay.held import Held
from wsproxy.relay.interfaces import Interceptor
from wsproxy.relay.parts import Faults, Parts, Way


class Lane:
    """One direction of a session."""

    __slots__ = ("_pauses", "_way", "decoder", "ended", "parts", "sink", "source")

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.decoder = parts.decoder
        self.source = parts.source
        self.sink = parts.sink
        self.ended = False
        """Whether the source will send nothing more."""
        self._pauses: frozenset[str] = frozenset()
        self._way: Way = CutThrough(parts, self.pause, self._hold)
        parts.decoder.throttle = lambda paused: self.pause("decoding", paused)
        parts.decoder.failed = parts.failed

    def bytes_received(self, data: bytes) -> None:
        """Bytes from the source."""
        self._way.bytes_received(data)

    def intercept(self, interceptors: Sequence[Interceptor], faults: Faults | None) -> None:
        """Let these at what passes."""
        self.parts.interceptors = interceptors
        self.parts.faults = faults

    def reconsider(self) -> None:
        """Somebody may want to change what passes, or no longer: switch at a message boundary."""
        self._way.reconsider()

    def inject(self, in_flight: InFlightMessage) -> None:
        """Send something that the source did not, between two messages."""
        self._way.inject(in_flight)

    def pause(self, why: str, paused: bool) -> None:
        """Stop or go on reading from the source; it flows when nobody wants it stopped."""
        if paused:
            if not self._pauses:
                self.source.pause_reading()
            self._pauses |= {why}
        elif why in self._pauses:
            self._pauses -= {why}
            if not self._pauses:
                self.source.resume_reading()

    @property
    def held(self) -> bool:
        """Whether what passes is held, or else written on at once."""
        return not isinstance(self._way, CutThrough)

    @property
    def at_frame_boundary(self) -> bool:
        """Whether a frame of the proxy's own could be sent now."""
        return self.decoder.at_frame_boundary and self._way.idle

    @property
    def waiting(self) -> int:
        """Bytes that wait to go on, as somebody holds a message."""
        return self._way.waiting

    @property
    def stalled(self) -> bool:
        """Whether a fault keeps everything back, the end of the stream included."""
        return self._way.stalled

    def finish(self, then: Callable[[], None]) -> None:
        """The source has ended its stream: call `then` when all it sent was passed on."""
        self.ended = True
        self._way.finish(then)

    def abandon(self) -> None:
        """The connection is gone: what is held goes nowhere."""
        self._way.abandon()

    def _hold(self, injections: list[InFlightMessage]) -> None:
        self._way = Held(self.parts, self.pause, self._release)
        for in_flight in injections:
            self._way.inject(in_flight)  # the one before may have ended the holding

    def _release(self) -> None:
        self._way = CutThrough(self.parts, self.pause, self._hold)
