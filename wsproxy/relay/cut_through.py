"""The way of a lane where nobody may change anything: relay first, look afterwards."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.model.inflight import InFlightMessage
from wsproxy.relay.parts import Parts


class CutThrough:
    """Relay first, look afterwards."""

    stalled = False
    idle = True
    waiting = 0

    def __init__(
        self,
        parts: Parts,
        pause: Callable[[str, bool], None],
        switch: Callable[[list[InFlightMessage]], None],
    ) -> None:
        """`switch` makes the lane hold, beginning with these injections."""
        self._parts = parts
        self._pause = pause
        self._switch = switch
        self._write = parts.sink.write
        self._chunks = parts.journal.chunks
        self._wake = parts.journal.wake
        self._time = parts.clock.time
        self._decoder = parts.decoder
        self._switching = False
        self._waiting = False
        self._ended = False
        self._injections: list[InFlightMessage] = []

    def bytes_received(self, data: bytes) -> None:
        self._write(data)
        chunks = self._chunks
        if not chunks:
            self._wake()
        chunks.append((self._decoder, self._time(), data))
        if self._switching:
            self.reconsider()

    def inject(self, in_flight: InFlightMessage) -> None:
        self._injections.append(in_flight)
        self.reconsider()

    def reconsider(self) -> None:
        self._switching = bool(self._injections) or self._parts.wanted
        if not self._switching or self._waiting:
            return
        if self._parts.journal.drain():
            self._try_to_switch()
        else:
            # What came already has to be decoded first, and more would only put it off.
            self._waiting = True
            self._pause("switching", True)
            self._parts.journal.soon(self._caught_up)

    def finish(self, then: Callable[[], None]) -> None:
        self._ended = True

        def passed_on() -> None:
            parts = self._parts
            parts.decoder.eof(self._time(), parts.journal.out)
            parts.journal.added()
            then()

        self._parts.journal.soon(passed_on)

    def abandon(self) -> None:
        self._switching = False
        self._ended = True

    def _caught_up(self) -> None:
        self._waiting = False
        self._pause("switching", False)
        self.reconsider()

    def _try_to_switch(self) -> None:
        # Only between two messages: what has begun to go on cannot be held any more.
        if self._switching and not self._ended and self._decoder.at_message_boundary:
            self._switching = False
            self._switch(self._injections)
