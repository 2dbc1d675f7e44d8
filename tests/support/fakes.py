"""Peers without sockets, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Callable

from wsproxy.model.batches import Batch
from wsproxy.model.records import ConnectionRecord, End, FaultRecord, FrameRecord, MessageRecord
from wsproxy.relay.journal import Journal


class FakeClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Callable[[], None]:
        timer = (self.now + delay, callback)
        self._timers.append(timer)

        def cancel() -> None:
            if timer in self._timers:
                self._timers.remove(timer)

        return cancel

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = sorted((t for t in self._timers if t[0] <= self.now), key=lambda t: t[0])
        for timer in due:
            if timer in self._timers:
                self._timers.remove(timer)
                timer[1]()


class FakeTransport:
    """A socket that remembers what was done with it."""

    def __init__(self, *, half_close: bool = True) -> None:
        self.written = bytearray()
        self.events: list[str] = []
        self.reading = True
        self._half_close = half_close

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> bool:
        if self._half_close:
            self.events.append("eof")
        return self._half_close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.events.append("close")

    def reset(self) -> None:
        self.events.append("reset")


class FakeRecorder:
    """A Recorder in memory."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.next_frame_id = 1
        self.ends: list[End | None] = []
        self.pressed: Callable[[bool], None] | None = None
        self.left_out: list[tuple[str, int]] = []

    def next_connection_id(self) -> int:
        return 1

    def next_http_id(self) -> int:
        return 1

    def connection_changed(self, connection: ConnectionRecord) -> None:
        self.ends.append(connection.end)

    def leave_out(self, why: str, size: int) -> None:
        self.left_out.append((why, size))

    def on_pressure(self, pressed: Callable[[bool], None]) -> None:
        self.pressed = pressed

    def write(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.next_frame_id = batch.last_id + 1

    def taken(self) -> tuple[list[FrameRecord], list[MessageRecord]]:
        """Everything written since the last call."""
        batches, self.batches = self.batches, []
        frames = [record for batch in batches for _, record in batch.block.frames()]
        return frames, [message for batch in batches for message in batch.messages]

    @property
    def faults(self) -> list[FaultRecord]:
        """The strikes among what was written and not taken."""
        return [fault for batch in self.batches for fault in batch.faults]


def journal(clock: FakeClock | None = None) -> tuple[Journal, FakeRecorder]:
    """A journal, and where it writes."""
    recorder = FakeRecorder()
    return Journal(clock or FakeClock(), recorder), recorder


def connection() -> ConnectionRecord:
    return ConnectionRecord(1, 999.0, "10.0.0.5:1234", "ws://server:80", "/chat?x=1", [])
