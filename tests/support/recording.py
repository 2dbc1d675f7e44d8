"""A recorder with the journal that feeds it, as the proxy has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.fakes import FakeClock, FakeRecorder
from wsproxy.model.batches import Batch, BatchBuilder
from wsproxy.model.records import ConnectionRecord, Direction
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.interfaces import Clock
from wsproxy.relay.journal import Journal
from wsproxy.store.recorder import CaptureRecorder


class Recording:
    """Writes a capture through a journal."""

    def __init__(
        self,
        path: Path,
        limit: int = 10**9,
        *,
        clock: Clock | None = None,
        call_soon: Callable[[Callable[[], None]], object] = lambda call: call(),
    ) -> None:
        clock = clock or FakeClock()
        self.recorder = CaptureRecorder(path, clock, call_soon, limit=limit)
        self.journal = Journal(clock, self.recorder)
        self.next_connection_id = self.recorder.next_connection_id

    def connection_changed(self, connection: ConnectionRecord) -> None:
        self.journal.connection_changed(connection)

    def flush(self) -> None:
        self.journal.flush()

    def close(self) -> None:
        self.journal.flush()
        self.recorder.close()


def batch_of(*chunks: tuple[StreamDecoder, float, bytes]) -> Batch:
    """What becomes of chunks of bytes."""
    recorder = FakeRecorder()
    journal = Journal(FakeClock(), recorder)
    journal.chunks += chunks
    journal.flush()
    batches = recorder.batches
    out = BatchBuilder()
    for batch in batches:
        for seen in batch.seen():
            content = seen.message.content if seen.message is not None else None
            out.add(seen.record, content)
        out.messages += batch.messages
        out.faults += batch.faults
    return batches[0] if len(batches) == 1 else out.build_batch(1)


def frame_chunks(direction: Direction, *frames: bytes) -> list[tuple[StreamDecoder, float, bytes]]:
    """Chunks of connection 1, one a frame."""
    decoder = StreamDecoder(1, direction)
    return [(decoder, 1.0, frame) for frame in frames]
