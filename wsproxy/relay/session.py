"""One proxied connection: two lanes of traffic, back-pressure, and how it ends."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence

from wsproxy.faults.steps import Cut
from wsproxy.model.inflight import injected
from wsproxy.model.notes import NoteRecord
from wsproxy.model.records import ConnectionRecord, Direction, End, Ending, FrameRecord
from wsproxy.protocol.close import CloseCode, encode_close
from wsproxy.protocol.frames import Opcode, make_frame
from wsproxy.protocol.handshake import NegotiatedExtensions
from wsproxy.relay.decoder import DEFAULT_MAX_PAYLOAD, StreamDecoder
from wsproxy.relay.encoder import LaneEncoder
from wsproxy.relay.holding import HoldBudget
from wsproxy.relay.interfaces import Clock, Interception, Interceptor, Transport
from wsproxy.relay.journal import Journal
from wsproxy.relay.lane import Lane
from wsproxy.relay.parts import Faults, Parts

HALF_CLOSED_SECONDS = 30.0
"""How long one side may go on after the other has ended its stream."""

STOP_SECONDS = 2.0
"""How long a peer has to answer the Close frame of a proxy that stops: then comes FIN."""

FIN_SECONDS = 1.0
"""How long a peer has to take what is left, and to answer a FIN: then comes RST."""

ORIGIN = "wsproxy"


def _new_masking_key() -> bytes:
    return secrets.token_bytes(4)


class Session:
    """Relays between a client and an upstream, from the end of the handshake on.

    The transports report to it: `lanes[d].bytes_received`, `eof_received`, `connection_lost`
    and `writing_paused`, each with the direction in which that peer sends. Towards those who
    steer it, it is a LiveConnection.
    """

    def __init__(
        self,
        connection: ConnectionRecord,
        client: Transport,
        upstream: Transport,
        journal: Journal,
        clock: Clock,
        negotiated: NegotiatedExtensions = NegotiatedExtensions(),
        max_payload: int = DEFAULT_MAX_PAYLOAD,
        on_end: Callable[[], None] = lambda: None,
        budget: HoldBudget | None = None,
    ) -> None:
        self.connection = connection
        self._journal = journal
        self._clock = clock
        self._on_end = on_end
        self._cancel_deadline: Callable[[], None] | None = None
        self._open_transports = 2
        self._cause: End | None = None
        """Why the proxy itself ended it, if it did."""
        self._broke_off: End | None = None
        """Who was the first to leave; the peers may have said Close all the same."""
        self._endings: list[Ending] = []
        self._first: Direction | None = None
        """The direction whose sender was the first to end it."""
        self._cut_here = False
        """Whether the proxy has closed or reset the sockets itself."""
        self._closing = False
        """Whether the proxy has sent Close to both."""
        self._interceptors: list[Interceptor] = []
        self._complete = True
        """Whether all that want to intercept have been attached."""
        self._early: list[tuple[Direction, int, bytes, str]] = []
        """What was injected before that: it waits for all of them."""
        self._passed_on: frozenset[Direction] = frozenset()
        """The directions that have ended, and of which nothing is held any more."""
        peers = (client, upstream)
        self.lanes = tuple(
            Lane(
                Parts(
                    StreamDecoder(connection.id, direction, negotiated, max_payload),
                    peers[direction],
                    peers[direction.other],
                    journal,
                    clock,
                    LaneEncoder(direction, negotiated, _new_masking_key),
                    self._cut_by_fault,
                    lambda: self.reset(ORIGIN),
                    budget or HoldBudget(),
                )
            )
            for direction in Direction
        )

    def intercept(
        self, interceptions: Sequence[Interception], faults: Sequence[Faults | None] = (None, None)
    ) -> None:
        """Let interceptors and faults (one chain for each direction) at the connection."""
        self._complete = False
        for interception in interceptions:
            interceptor = interception.attach(self)
            if interceptor is not None:
                self._interceptors.append(interceptor)
        for lane, chain in zip(self.lanes, faults, strict=True):
            lane.intercept(self._interceptors, chain)
        self._complete = True
        for injection in self._early:
            self.inject(*injection)
        self._early.clear()
        self.reconsider()

    # For the transports.

    def eof_received(self, direction: Direction) -> None:
        """The peer that sends in `direction` has ended its stream (FIN)."""
        lane = self.lanes[direction]
        if not lane.ended:
            self._note_ending("FIN", direction.sender.value)
            self._ended_by(direction)
            lane.finish(lambda: self._stream_ended(direction))
            if lane.stalled:
                self._ended_in_silence(direction)

    def connection_lost(self, direction: Direction, error: Exception | None) -> None:
        """The socket of the peer that sends in `direction` is gone."""
        lane = self.lanes[direction]
        other = self.lanes[direction.other]
        if error is not None:
            self._note_ending("RST", direction.sender.value)
        elif not lane.ended and self._open_transports == len(self.lanes) and not self._cut_here:
            self._note_ending("FIN", direction.sender.value)  # TLS has no halves
        if not lane.ended:
            self._ended_by(direction)
            if error is not None:
                lane.abandon()
            lane.finish(lambda: None)
            self._blame(direction, "reset" if error else "broke off")
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

    # For those who steer it (relay.interfaces.LiveConnection).

    def reconsider(self) -> None:
        """Ask all interceptors and faults anew whether they want anything."""
        for lane in self.lanes:
            lane.reconsider()

    def inject(self, direction: Direction, opcode: int, content: bytes, cause: str) -> None:
        """Send a message or control frame that no peer sent, after what is under way."""
        if not self._complete:
            self._early.append((direction, opcode, content, cause))
            return
        now = self._clock.time()
        self.lanes[direction].inject(injected(direction, opcode, content, now, cause))

    def close(self, code: int, reason: str, cause: str) -> None:
        """Send Close to both peers, and close the sockets when they had time to answer."""
        self._journal.soon(lambda: self._close(code, reason, cause))

    def _close(self, code: int, reason: str, cause: str) -> None:
        self._closing = True
        if self._both_closed():
            self._close_both()
            return
        if not any(lane.decoder.close for lane in self.lanes):
            self._cause = End("closed", cause, code, reason)
        now = self._clock.time()
        for lane in self.lanes:
            # The Close frame goes where this lane goes, unless it would split a frame.
            decoder = lane.decoder
            if decoder.close is None and lane.at_frame_boundary and not lane.ended:
                key = secrets.token_bytes(4) if decoder.direction is Direction.UPSTREAM else None
                frame = make_frame(Opcode.CLOSE, encode_close(code, reason), masking_key=key)
                self._note_ending("Close", cause)
                with contextlib.suppress(RuntimeError):  # uvloop's word for a socket that is gone
                    lane.sink.write(frame.wire)
                self._journal.out.add(
                    FrameRecord(
                        decoder.connection_id, decoder.direction, now, frame, None, (), cause
                    )
                )
                self._journal.added()
        self._deadline(STOP_SECONDS, self._close_both)

    def reset(self, cause: str) -> None:
        """Cut both sockets off with a TCP reset."""
        self._cause = End("aborted", cause, None, "reset")
        self._ended_here()
        self._reset_both(cause)

    def pause(self, direction: Direction, paused: bool) -> None:
        """Read nothing from the sender of a direction, or go on."""
        self.lanes[direction].pause("user", paused)

    def waiting(self, direction: Direction) -> int:
        """Bytes of a direction that wait to go on, those of a message that is held among them."""
        return self.lanes[direction].waiting

    def add_note(self, note: NoteRecord) -> None:
        """Keep what somebody wrote down about the connection or one of its messages."""
        self._journal.add_note(note)

    def stop(self) -> None:
        """End the connection because the proxy stops."""
        self.close(CloseCode.GOING_AWAY, "wsproxy stops", ORIGIN)

    def cut(self) -> None:
        """Wait no longer for an end that has been asked for."""
        self._reset_both()

    # Endings.

    def _stream_ended(self, direction: Direction) -> None:
        """All that a peer sent before its FIN was passed on: pass the FIN on."""
        lane = self.lanes[direction]
        self._blame(direction, "ended the stream")
        self._passed_on |= {direction}
        other = self.lanes[direction.other]
        if direction.other in self._passed_on or (other.ended and other.stalled):
            self._close_both()
            return
        # The other direction may still carry a Close frame, or the rest of a message.
        # TLS has no half-closed connections: without a Close frame under way, this is the end.
        if not lane.sink.write_eof() and (self._both_closed() or lane.decoder.close is None):
            self._close_both()
            return
        if not self._closing:  # that has a deadline of its own, which is sooner
            self._deadline(HALF_CLOSED_SECONDS, self._reset_both)

    def _ended_in_silence(self, direction: Direction) -> None:
        """A peer has ended its stream, and a stall keeps the other from hearing of it."""
        if self.lanes[direction.other].ended:
            self._blame(direction, "ended the stream")
            self._close_both()
        elif direction is Direction.UPSTREAM:
            # A server that is left without word must not cost a connection for ever. The other
            # way round the client is still there to be tested, and its leaving ends it.
            self._deadline(HALF_CLOSED_SECONDS, self._reset_both)

    def _cut_by_fault(self, cut: Cut) -> None:
        reset = cut.how == "reset"
        self._cause = End("aborted", cut.by, None, "(RST)" if reset else "(FIN)")
        self._ended_here()
        if reset:
            self._reset_both(cut.by)
        else:
            self._note_ending("FIN", cut.by)
            self._cut_here = True
            self._close_both()

    def _ended_here(self) -> None:
        """The proxy itself ends the connection: what that cuts off is no peer's fault."""
        if self._first is None:
            for lane in self.lanes:
                lane.decoder.excuse()

    def _ended_by(self, direction: Direction) -> None:
        """What the other side still had under way is cut by that, and no fault of its own."""
        if self._first is None:
            self._first = direction
            self.lanes[direction.other].decoder.excuse()

    def _blame(self, direction: Direction, what: str) -> None:
        if self._broke_off is None:
            self._broke_off = End("aborted", direction.sender.value, None, what)

    def _both_closed(self) -> bool:
        return all(lane.decoder.close is not None for lane in self.lanes)

    def _deadline(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._cancel_deadline is not None:
            self._cancel_deadline()
        self._cancel_deadline = self._clock.call_later(seconds, callback)

    def _note_ending(self, what: str, by: str) -> None:
        self._endings.append(Ending(self._clock.time(), what, by))

    def _close_both(self) -> None:
        if not any(lane.ended for lane in self.lanes) and not self._cut_here:
            self._note_ending("FIN", ORIGIN)
        self._cut_here = True
        for lane in self.lanes:
            lane.source.close()
        # A peer that reads nothing would keep its socket open for ever.
        self._deadline(FIN_SECONDS, self._reset_both)

    def _reset_both(self, by: str = ORIGIN) -> None:
        self._cut_here = True
        self._note_ending("RST", by)
        for lane in self.lanes:
            lane.source.reset()

    def _finish(self) -> None:
        if self._cancel_deadline is not None:
            self._cancel_deadline()
        for lane in self.lanes:
            lane.abandon()
        closed = self._clock.time()
        # How it ended depends on what came last.
        self._journal.soon(lambda: self._finished(closed))

    def _finished(self, closed: float) -> None:
        self.connection.closed = closed
        self.connection.end = self._how_it_ended()
        for lane in self.lanes:
            if (close := lane.decoder.close) is not None:
                by = close.by or lane.decoder.direction.sender.value
                self._endings.append(Ending(close.time, "Close", by))
        self.connection.endings = sorted(self._endings, key=lambda ending: ending.time)
        self._journal.connection_changed(self.connection)
        for interceptor in self._interceptors:
            interceptor.ended()
        # What they keep goes with them, and waits for no collector of garbage.
        self._interceptors.clear()
        self._on_end()

    def _how_it_ended(self) -> End:
        closes = [
            (lane.decoder.close, lane) for lane in self.lanes if lane.decoder.close is not None
        ]
        if self._cause is not None:
            return self._cause
        broke_off = self._broke_off or End("aborted")
        if not closes:
            return broke_off
        close, lane = min(closes, key=lambda item: item[0].time)
        if len(closes) == 2:
            by = close.by or lane.decoder.direction.sender.value
            return End("closed", by, close.code, close.reason)
        # One side said Close, and there was no Close for an answer.
        closer = lane.decoder.direction.sender.value
        if broke_off.by == closer:
            return broke_off._replace(code=close.code, reason=f"{broke_off.reason} after Close")
        if broke_off.reason == "ended the stream":
            # Some end the stream instead of answering, e.g. MQTT.js: that is an answer, too.
            return End("closed", close.by or closer, close.code, close.reason)
        said = f"{broke_off.reason} after the {closer}'s Close"
        return broke_off._replace(code=close.code, reason=said)
