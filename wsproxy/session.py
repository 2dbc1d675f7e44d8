"""One proxied connection: two lanes of traffic, back-pressure, and how it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from wsproxy.link import DEFAULT_MAX_PAYLOAD, Link
from wsproxy.ports import Clock, Recorder, Transport
from wsproxy.protocol.close import CloseCode, encode_close
from wsproxy.protocol.frames import Opcode, make_frame
from wsproxy.protocol.handshake import Agreed
from wsproxy.records import ConnectionRecord, Direction, End, FrameRecord

HALF_CLOSED_SECONDS = 30.0
"""How long one side may go on after the other has ended its stream."""

STOP_SECONDS = 3.0
"""How long a peer has to answer the Close frame of a proxy that stops."""

ORIGIN = "wsproxy"


class Lane:
    """One direction at run time: where bytes come from, and where they go."""

    def __init__(
        self, link: Link, source: Transport, sink: Transport, recorder: Recorder, clock: Clock
    ) -> None:
        self.link = link
        self.source = source
        self.sink = sink
        self.ended = False
        """Whether the source will send nothing more."""
        self._pauses: set[str] = set()
        self._write = sink.write
        self._chunks = recorder.journal.chunks
        self._wake = recorder.wake
        self._time = clock.time

    def bytes_received(self, data: bytes) -> None:
        """The cut-through path: relay first, look afterwards."""
        self._write(data)
        chunks = self._chunks
        if not chunks:
            self._wake()
        chunks.append((self.link, self._time(), data))

    def pause(self, why: str, paused: bool) -> None:
        """Stop or go on reading from the source; it flows when nobody wants it stopped."""
        if paused:
            if not self._pauses:
                self.source.pause_reading()
            self._pauses.add(why)
        elif why in self._pauses:
            self._pauses.remove(why)
            if not self._pauses:
                self.source.resume_reading()


class Session:
    """Relays between a client and an upstream, from the end of the handshake on.

    The transports report to it: `lanes[d].bytes_received`, `eof_received`, `connection_lost`
    and `writing_paused`, each with the direction in which that peer sends.
    """

    def __init__(
        self,
        connection: ConnectionRecord,
        client: Transport,
        upstream: Transport,
        recorder: Recorder,
        clock: Clock,
        agreed: Agreed = Agreed(),
        max_payload: int = DEFAULT_MAX_PAYLOAD,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.connection = connection
        self._recorder = recorder
        self._clock = clock
        self._on_end = on_end
        self._cancel_deadline: Callable[[], None] | None = None
        self._open_transports = 2
        self._cause: End | None = None
        up, down = (Link(connection.id, direction, agreed, max_payload) for direction in Direction)
        self.lanes = (
            Lane(up, client, upstream, recorder, clock),
            Lane(down, upstream, client, recorder, clock),
        )
        recorder.on_pressure(self._store_pressure)

    def eof_received(self, direction: Direction) -> None:
        """The peer that sends in `direction` has ended its stream (FIN)."""
        lane = self.lanes[direction]
        if lane.ended:
            return
        self._end_lane(direction, "ended the stream")
        if self.lanes[direction.other].ended:
            self._close_both()
            return
        # The other direction may still carry a Close frame, or the rest of a message.
        if not lane.sink.write_eof() and self._both_closed():
            self._close_both()
            return
        self._deadline(HALF_CLOSED_SECONDS, self._reset_both)

    def connection_lost(self, direction: Direction, error: Exception | None) -> None:
        """The socket of the peer that sends in `direction` is gone."""
        lane = self.lanes[direction]
        if not lane.ended:
            self._end_lane(direction, "reset" if error else "broke off")
        other = self.lanes[direction.other]
        self._open_transports -= 1
        if self._open_transports:
            # Nobody is told of a clean end that was none: a reset goes on as a reset.
            if error is not None:
                other.source.reset()
            else:
                other.source.close()
        else:
            self._finish()

    def writing_paused(self, direction: Direction, paused: bool) -> None:
        """The peer that sends in `direction` reads slower (or fast enough again)."""
        self.lanes[direction.other].pause("peer", paused)

    def stop(self) -> None:
        """End the connection because the proxy stops: Close 1001 to both, then the cut."""
        self._cause = End("closed", ORIGIN, CloseCode.GOING_AWAY, "the proxy stops")
        now = self._clock.time()
        self._recorder.journal.drain()
        for lane in self.lanes:
            # The Close frame goes where this lane goes, unless it would split a frame.
            if lane.link.close is None and lane.link.at_frame_boundary and not lane.ended:
                key = secrets.token_bytes(4) if lane.link.direction is Direction.UPSTREAM else None
                payload = encode_close(CloseCode.GOING_AWAY, "wsproxy stops")
                frame = make_frame(Opcode.CLOSE, payload, masking_key=key)
                lane.sink.write(frame.wire)
                record = FrameRecord(
                    self.connection.id, lane.link.direction, now, frame, None, (), ORIGIN
                )
                self._recorder.journal.add([record])
                self._recorder.wake()
        self._deadline(STOP_SECONDS, self._close_both)

    def _end_lane(self, direction: Direction, what: str) -> None:
        lane = self.lanes[direction]
        lane.ended = True
        self._recorder.journal.drain()  # what is decided here depends on all that came before
        records = lane.link.eof(self._clock.time())
        if records:
            self._recorder.journal.add(records)
            self._recorder.wake()
        if self._cause is None and not self._both_closed():
            self._cause = End("aborted", direction.sender.value, None, what)

    def _both_closed(self) -> bool:
        return all(lane.link.close is not None for lane in self.lanes)

    def _store_pressure(self, paused: bool) -> None:
        for lane in self.lanes:
            lane.pause("store", paused)

    def _deadline(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._cancel_deadline is not None:
            self._cancel_deadline()
        self._cancel_deadline = self._clock.call_later(seconds, callback)

    def _close_both(self) -> None:
        for lane in self.lanes:
            lane.source.close()

    def _reset_both(self) -> None:
        for lane in self.lanes:
            lane.source.reset()

    def _finish(self) -> None:
        if self._cancel_deadline is not None:
            self._cancel_deadline()
        self._recorder.forget(self._store_pressure)
        self.connection.closed = self._clock.time()
        self.connection.end = self._how_it_ended()
        self._recorder.connection_changed(self.connection)
        self._on_end()

    def _how_it_ended(self) -> End:
        closes = [(lane.link.close, lane) for lane in self.lanes if lane.link.close is not None]
        if not closes:
            return self._cause or End("aborted")
        close, lane = min(closes, key=lambda item: item[0].time)
        if self._cause is None:
            return End("closed", lane.link.direction.sender.value, close.code, close.reason)
        if self._cause.how == "aborted":
            # One side said Close, the other left without an answer.
            return self._cause._replace(code=close.code, reason=f"{self._cause.reason} after Close")
        return self._cause
