"""The journal: what passed, in order, kept until there is time to look at it.

The relay only appends to it. Decoding, checking and collecting into batches happen in turns of
a few milliseconds, many times a second, so that no connection can keep the others waiting.
Batches go to the recorder and to those who look on.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

from wsproxy.model.batches import BatchBuilder
from wsproxy.model.http import HttpRecord
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.relay.decoder import StreamDecoder
from wsproxy.relay.interfaces import Clock, Recorder, Watcher
from wsproxy.relay.tasks import tell_failure

DRAIN_SECONDS = 0.002
"""How long what passed may wait to be decoded."""

TURN_SECONDS = 0.003
"""How long decoding may take before others have their turn."""

FLUSH_SECONDS = 0.05
"""How long what was decoded may wait to be handed on."""

BATCH_WEIGHT = 4 * 1024 * 1024
"""Bytes, about, that a batch takes at most: then it is handed on without waiting."""

UNDECODED_HIGH = 256 * 1024
"""Bytes of one connection's direction that may wait to be decoded before it is read no further."""

UNDECODED_TOTAL = 32 * 1024 * 1024
"""Bytes of all connections that may wait to be decoded: many share it, so each may keep less."""

CHUNK_WEIGHT = 128
"""Bytes of memory that a chunk takes beside its own, about."""

_CHUNKS_A_LOOK = 32

Chunk = tuple[StreamDecoder | None, float, bytes | Callable[[], None]]
"""A decoder, the time in seconds since the epoch, and bytes; or None and what is to be called."""

_log = logging.getLogger(__name__)


class Journal:
    """Chunks of bytes, which `drain` decodes, and what was decoded of them."""

    def __init__(self, clock: Clock, recorder: Recorder, watchers: Sequence[Watcher] = ()) -> None:
        self.chunks: list[Chunk] = []
        """The hot path appends (decoder, time, bytes) here, and calls `wake` for the first one."""
        self.out = BatchBuilder()
        """Where decoders put what they find."""
        self._time = clock.time
        self._call_later = clock.call_later
        self._recorder = recorder
        self._watchers = watchers
        self._next_frame_id = recorder.next_frame_id
        self._deadline = 0.0
        self._last_flush = 0.0
        self._planned: Callable[[], None] | None = None
        self._throttled: set[StreamDecoder] = set()
        self.pressed = False
        """Whether the recorder has more than it can write: nothing is decoded until it has not."""
        self._relieved: list[Callable[[], None]] = []
        recorder.on_pressure(self._pressure)

    def wake(self) -> None:
        """There is something in it: look at it soon."""
        if self._planned is None:
            self._planned = self._call_later(DRAIN_SECONDS, self._turn)

    def drain(self) -> bool:
        """Decode what passed, for TURN_SECONDS at most; False if something is left."""
        if self.chunks:
            if not self.pressed:
                self._deadline = self._time() + TURN_SECONDS
                self._decode(self._expired)
            if self._throttled or self.chunks:
                self._throttle()
        return not self.chunks

    def when_relieved(self, call: Callable[[], None]) -> None:
        """Call `call` as soon as the recorder has caught up."""
        self._relieved.append(call)

    def soon(self, call: Callable[[], None]) -> None:
        """Call `call` when all that has passed is decoded: now, if that takes no longer."""
        if self.drain():
            call()
        else:
            self.chunks.append((None, 0.0, call))
            self.wake()

    def added(self) -> None:
        """Something was put into `out` elsewhere."""
        if self.out.weight > BATCH_WEIGHT:
            self._hand_on()
        self.wake()

    def add_fault(self, record: FaultRecord) -> None:
        """Add that a fault struck."""
        self.out.add_fault(record)
        self.wake()  # not handed on before its message is there

    def add_http(self, record: HttpRecord) -> None:
        """Add that a request of plain HTTP has ended."""
        self.out.add_http(record)
        self.added()

    def add_note(self, note: NoteRecord) -> None:
        """Add what somebody wrote down."""
        self.out.add_note(note)
        self.added()

    def connection_changed(self, connection: ConnectionRecord) -> None:
        """A connection was opened, answered or has ended: told after what passed before."""

        def tell() -> None:
            self._hand_on()
            self._recorder.connection_changed(connection)
            self._tell(lambda watcher: watcher.connection_changed(connection))

        self.soon(tell)

    def flush(self, seconds: float = math.inf) -> None:
        """Decode everything, for `seconds` at most, and hand it on.

        What there was no time for is left out of the record, which counts it.
        """
        self._deadline = self._time() + seconds
        while self.chunks and not self._expired():
            self._decode(self._expired)
        if self.chunks:
            self._leave_out()
        if self._throttled:
            self._throttle()
        self._hand_on()

    def _leave_out(self) -> None:
        chunks = self.chunks[:]
        self.chunks.clear()
        size = 0
        for decoder, _, data in chunks:
            if decoder is None:
                self._do(data)  # type: ignore[arg-type]
            else:
                decoder.excuse()
                size += len(data)  # type: ignore[arg-type]
        _log.warning("%s bytes that passed at the end are not in the capture: no time", f"{size:,}")
        self._recorder.leave_out("no time at the end", size)

    def _pressure(self, pressed: bool) -> None:
        self.pressed = pressed
        if not pressed:
            relieved, self._relieved = self._relieved, []
            for call in relieved:
                call()
            if self.chunks:
                self.wake()

    def _turn(self) -> None:
        self._planned = None
        try:
            self.drain()
            now = self._time()
            if not 0 <= now - self._last_flush < FLUSH_SECONDS:
                self._last_flush = now
                self._hand_on()
        finally:  # whatever failed: the others' bytes are still to be recorded
            if self.chunks:
                self._planned = self._call_later(DRAIN_SECONDS if self.pressed else 0.0, self._turn)
            elif not self.out.empty:
                self.wake()

    def _decode(self, expired: Callable[[], bool]) -> None:
        while self.chunks and self._decode_some(expired):
            pass

    def _decode_some(self, expired: Callable[[], bool]) -> bool:
        """Decode up to the next call that is due, or until `expired`: then it returns False."""
        chunks, out = self.chunks, self.out
        done = 0
        call: Callable[[], None] | None = None
        decoder: StreamDecoder | None = None
        try:
            for decoder, time, data in chunks[:_CHUNKS_A_LOOK]:
                if decoder is None:
                    done += 1
                    call = data  # type: ignore[assignment]
                    break
                rest = decoder.decode(data, time, out, expired)  # type: ignore[arg-type]
                if rest or decoder.unfinished:
                    chunks[done] = (decoder, time, rest)
                    break
                done += 1
                if out.size > BATCH_WEIGHT:
                    break
        except Exception:  # noqa: BLE001 - see below
            # A bug in here must not end the recording of all others.
            _log.exception("a failure of wsproxy's own while decoding; the connection is reset")
            done += 1
            call = decoder.failed if decoder is not None else None
        del chunks[:done]  # in place: the lanes hold on to the list
        if out.weight > BATCH_WEIGHT:
            self._hand_on()
        if call is not None:
            self._do(call)
        return not expired()

    def _do(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the others' bytes are still to be recorded
            tell_failure("the next step of a connection", error)

    def _expired(self) -> bool:
        return self._time() >= self._deadline

    def _throttle(self) -> None:
        """Read no more of the connections that have too much waiting here; go on with others."""
        waiting: dict[StreamDecoder, int] = {}
        for decoder, _, data in self.chunks:
            if decoder is not None:
                size = CHUNK_WEIGHT + len(data)  # type: ignore[arg-type]
                waiting[decoder] = waiting.get(decoder, 0) + size
        most = min(UNDECODED_HIGH, UNDECODED_TOTAL // max(len(waiting), 1))
        for decoder in [d for d in self._throttled if waiting.get(d, 0) < most // 2]:
            self._throttled.discard(decoder)
            decoder.throttle(False)
        for decoder, size in waiting.items():
            if size > most and decoder not in self._throttled:
                self._throttled.add(decoder)
                decoder.throttle(True)

    def _hand_on(self) -> None:
        if self.out.empty:
            return
        batch = self.out.build_batch(self._next_frame_id)
        self._next_frame_id += batch.block.count
        self._recorder.write(batch)
        self._tell(lambda watcher: watcher.passed(batch))

    def _tell(self, call: Callable[[Watcher], None]) -> None:
        for watcher in self._watchers:
            try:
                call(watcher)
            except Exception as error:  # noqa: BLE001 - looking on must not stop the recording
                tell_failure(f"{type(watcher).__name__}, which looks on,", error)
