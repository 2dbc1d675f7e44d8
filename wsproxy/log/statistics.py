"""`--stats 5s`: how much passes, in a line every so often."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from wsproxy.model.batches import Batch
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.payloads.lines import many, size
from wsproxy.protocol.frames import FIN, OPCODE
from wsproxy.relay.interfaces import Clock

LOOKS = 10
"""How often in a line's time the event loop is asked how late it is."""

_ENDS_MESSAGE = bytes(bool(byte & FIN and byte & OPCODE < 8) for byte in range(256))


class Left(NamedTuple):
    """What a line tells of the rest of the proxy."""

    open: int
    """Connections that are open."""
    left_out: int
    """Frames that the capture lacks."""


class StatsLines:
    """A Watcher that counts, and says so every `interval` seconds."""

    def __init__(
        self, interval: float, clock: Clock, rest: Callable[[], Left], write: Callable[[str], None]
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._rest = rest
        self._write = write
        self._messages = [0, 0]
        self._bytes = [0, 0]
        self._lag = 0.0
        self._looks = 0
        self._stop: Callable[[], None] | None = None
        self._began = 0.0

    def start(self) -> None:
        """Begin; the first line comes after the interval."""
        self._began = self._clock.time()
        self._look_later()

    def stop(self) -> None:
        """No more lines."""
        if self._stop is not None:
            self._stop()

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """Connections are counted when a line is made."""

    def passed(self, batch: Batch) -> None:
        """Count messages and bytes."""
        for key, (_, length) in batch.traffic.items():
            self._bytes[key & 1] += length
        columns = batch.block.columns
        for key, ends in zip(
            columns.keys, bytes(columns.firsts).translate(_ENDS_MESSAGE), strict=True
        ):
            self._messages[key & 1] += ends

    def _look_later(self) -> None:
        step = self._interval / LOOKS
        self._stop = self._clock.call_later(step, partial(self._look, self._clock.time() + step))

    def _look(self, due: float) -> None:
        self._lag = max(self._lag, self._clock.time() - due)
        self._looks += 1
        if self._looks % LOOKS == 0:
            self._write(self._line())
        self._look_later()

    def _line(self) -> str:
        now = self._clock.time()
        seconds = max(now - self._began, 1e-9)
        rest = self._rest()
        parts = [f"stats: {many(rest.open, 'connection')} open"]
        for way in Direction:
            messages, length = self._messages[way] / seconds, self._bytes[way] / seconds
            parts.append(f"{way.arrow} {messages:,.1f} messages/s {size(round(length))}/s")
        parts.append(f"lag {self._lag * 1000:.1f} ms")
        parts.append(f"{rest.left_out:,} frames left out")
        self._messages, self._bytes = [0, 0], [0, 0]
        self._lag, self._began = 0.0, now
        return ", ".join(parts)
