"""Large captures, made without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from tests.support.recording import Recording
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.protocol.frames import make_frame
from wsproxy.relay.decoder import StreamDecoder

START = 1_700_000_000.0
PIECE = 2000
"""Frames in a block."""


class StillClock:
    """A clock that stands still; nothing is called later."""

    def time(self) -> float:
        return START

    def call_later(self, delay: float, callback: object) -> object:
        return lambda: None


def make_capture(path: Path, frames: int, connections: int = 4) -> None:
    """A capture with `frames` frames, in turns upstream and downstream, 1 ms apart.

    The payload of the n-th (from 0) is `{"id": n // 2, "n": n}`.
    """
    told: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what the writer's thread has for us
    recorder = Recording(path, 1 << 40, clock=StillClock(), call_soon=told.put)  # type: ignore[arg-type]
    decoders = []
    for number in range(1, connections + 1):
        recorder.connection_changed(
            ConnectionRecord(
                recorder.next_connection_id(),
                START,
                f"127.0.0.1:{number}",
                "ws://upstream",
                f"/big/{number}",
                [],
                101,
            )
        )
        decoders.append([StreamDecoder(number, direction) for direction in Direction])
    for n in range(frames):
        decoder = decoders[n // 2 % connections][n % 2]
        key = None if n % 2 else b"\x01\x02\x03\x04"
        wire = make_frame(1, b'{"id": %d, "n": %d}' % (n // 2, n), masking_key=key).wire
        recorder.journal.chunks.append((decoder, START + n / 1000, wire))
        if n % PIECE == PIECE - 1:
            while recorder.recorder._waiting > 1 << 24:
                told.get()()
            recorder.flush()
    recorder.close()
