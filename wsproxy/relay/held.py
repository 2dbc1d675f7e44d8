"""The way of a lane where somebody may change what passes.

Two stages, so that a delay holds back what is sent but not what is decided: messages go through
the interceptors one by one, and a departure sends when it is time. Where nobody has to be waited
for, all of it happens at once; a task is there only while somebody is waited for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from wsproxy.model.inflight import InFlightMessage
from wsproxy.relay.departure import Departure
from wsproxy.relay.holding import Completed, Holding, Piece, Unheld
from wsproxy.relay.interfaces import Interceptor
from wsproxy.relay.journal import CHUNK_WEIGHT, UNDECODED_HIGH
from wsproxy.relay.parts import Parts
from wsproxy.relay.tasks import start_task, tell_failure

HELD_HIGH_WATER = 1024 * 1024
"""Bytes that may wait in a held lane before its source is read no further."""

PACED_ABOVE = 256 * 1024
"""Bytes of a message above which faults that only delay or pace take it in pieces."""

TURN_SECONDS = 0.005
"""How long a chunk may be worked at before others have their turn."""


class _Chunk(NamedTuple):
    """Bytes that wait to be decoded."""

    data: bytes
    time: float


class _Begun(NamedTuple):
    """A message that somebody has to be waited for with, and who comes after that."""

    in_flight: InFlightMessage
    by: Interceptor
    rest: Awaitable[None]
    others: Sequence[Interceptor]


class _End(NamedTuple):
    """The source has ended its stream."""

    then: Callable[[], None]


_Item = _Chunk | _End | InFlightMessage
"""What waits to be worked at: what came, or what somebody injects."""

_Ready = _Begun | Completed
"""What waits for its turn at the interceptors; only the first one may have begun."""


class Held:
    """Holds each message until interceptors and faults are done with it."""

    def __init__(
        self,
        parts: Parts,
        pause: Callable[[str, bool], None],
        released: Callable[[], None],
    ) -> None:
        """At a message boundary only. `released` is called when there is no more to hold for."""
        self._parts = parts
        self._pause = pause
        self._released = released
        self._direction = parts.decoder.direction
        self._time = parts.clock.time
        self._holding = Holding(parts.budget)
        self._inbox: deque[_Item] = deque()
        self._ready: deque[_Ready] = deque()
        self._departure = Departure(parts, self._count, self._delivered, self._guarded)
        self._waiting = 0
        self._full = False
        self._then: Callable[[], None] | None = None
        self._over = False
        self._pressing = 0
        """Bytes taken in since the recorder could not keep up."""
        self._deadline = 0.0
        self._task: asyncio.Task[None] | None = None
        self._adapt()
        parts.decoder.hold(self._holding)
        self._departure.plan_tick()

    @property
    def stalled(self) -> bool:
        return self._departure.stalled

    @property
    def idle(self) -> bool:
        return self._nothing_waits and self._departure.empty

    @property
    def waiting(self) -> int:
        return self._waiting

    def bytes_received(self, data: bytes) -> None:
        self._put(_Chunk(data, self._time()), len(data))

    def inject(self, in_flight: InFlightMessage) -> None:
        self._put(in_flight, _size(in_flight))

    def reconsider(self) -> None:
        self._adapt()
        self._departure.plan_tick()
        self._release_if_done()

    def finish(self, then: Callable[[], None]) -> None:
        if self._over:
            self._record_end()
        else:
            self._put(_End(then), 0)

    def abandon(self) -> None:
        self._over = True
        if self._task is not None:
            self._task.cancel()
        # It goes nowhere, but it came: it is recorded.
        for item in self._inbox:
            if isinstance(item, _Chunk):
                self._parts.journal.wake()
                self._parts.journal.chunks.append((self._parts.decoder, item.time, item.data))
            elif isinstance(item, _End):
                self._record_end()
        self._inbox.clear()
        self._ready.clear()
        self._departure.abandon()
        self._holding.abandon()
        self._parts.budget.held -= self._waiting
        self._waiting = 0

    def _adapt(self) -> None:
        """Hold as much as those who want something need."""
        parts, faults = self._parts, self._parts.faults
        striking = faults is not None and faults.active
        paced = striking and faults is not None and faults.paces and not parts.intercepted
        self._departure.paced = paced
        self._holding.limit = PACED_ABOVE if paced else parts.budget.limit
        one_by_one = striking and not paced
        self._holding.deliver = self._take_completed if one_by_one else None

    # What comes in, in order.

    @property
    def _nothing_waits(self) -> bool:
        return not self._inbox and not self._ready and self._task is None

    def _put(self, item: _Item, size: int) -> None:
        if self._over:
            return
        idle = self._nothing_waits
        self._inbox.append(item)
        self._count(size)
        if idle:
            self._work()

    def _work(self) -> None:
        """Do what can be done at once; a task does the rest."""
        self._deadline = self._time() + TURN_SECONDS
        self._guarded(self._go_on)
        if self._over:
            return
        if self._inbox or self._ready:
            self._task = start_task(self._run(), self._name, self._broken)
            self._task.add_done_callback(self._run_ended)
        else:
            self._release_if_done()

    async def _run(self) -> None:
        while self._inbox or self._ready:
            if self._ready and isinstance(self._ready[0], _Begun):
                await self._conclude(self._ready[0])
                self._ready.popleft()
            else:
                await asyncio.sleep(0)
            self._deadline = self._time() + TURN_SECONDS
            self._go_on()

    def _run_ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled() or self._over:
            return
        if self._inbox or self._ready:
            self._work()
        else:
            self._release_if_done()
            self._guarded(self._finish_if_sent)

    @property
    def _name(self) -> str:
        decoder = self._parts.decoder
        return f"the {self._direction.name.lower()} lane of #{decoder.connection_id}"

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do something in which a bug, e.g. of a fault, must not end in silence."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is
            tell_failure(self._name, error)
            self._broken(error)

    def _broken(self, _error: BaseException) -> None:
        """What has failed here cannot go on: what follows would be anything."""
        self.abandon()
        self._parts.failed()

    def _go_on(self) -> None:
        """Take what waits as far as it goes: until somebody has to be waited for, or time is up."""
        inbox = self._inbox
        while self._pass_on() and inbox:
            item = inbox.popleft()
            if isinstance(item, _Chunk):
                if not self._decode(item):
                    break
            elif isinstance(item, _End):
                self._end(item)
            else:
                self._ready.append(item)
        self._departure.write()

    def _decode(self, chunk: _Chunk) -> bool:
        """Decode a chunk; False where the time is up."""
        parts = self._parts
        journal = parts.journal
        if journal.chunks:
            journal.drain()  # what came before is recorded before
        rest = parts.decoder.decode(chunk.data, chunk.time, journal.out, self._expired)
        journal.added()
        over = bool(rest) or parts.decoder.unfinished
        if over:
            self._inbox.appendleft(_Chunk(rest, chunk.time))
        self._take_completed()
        self._count(len(rest) - len(chunk.data))
        if journal.pressed:
            self._press(len(chunk.data) - len(rest))
        return not over

    def _press(self, size: int) -> None:
        """The recorder cannot keep up: who sends little goes on, who sends much has to wait."""
        if not self._pressing:
            self._parts.journal.when_relieved(self._relieved)
        self._pressing += size + CHUNK_WEIGHT
        if self._pressing > UNDECODED_HIGH:
            self._pause("recorder", True)

    def _relieved(self) -> None:
        self._pressing = 0
        self._pause("recorder", False)

    def _take_completed(self) -> None:
        """Pass on what the decoder has completed."""
        completed = self._holding.completed
        if completed:
            self._holding.completed = []
            self._ready += completed
            self._count(sum(map(_size, completed)))
            self._pass_on()

    def _pass_on(self) -> bool:
        """Pass on what is ready; False where somebody has to be waited for."""
        ready = self._ready
        if not ready:
            return True
        direction = self._direction
        wanting = [each for each in self._parts.interceptors if each.wants(direction)]
        while ready:
            item = ready[0]
            if isinstance(item, _Begun):
                return False
            if isinstance(item, Piece):
                self._departure.piece(item)
            elif isinstance(item, Unheld):
                self._departure.unheld(item, self._holding.limit)
            elif wanting and (begun := self._intercept(item, wanting)) is not None:
                ready[0] = begun
                return False
            else:
                self._departure.decide(item)
            ready.popleft()
            self._count(-_size(item))
        return True

    def _intercept(
        self, in_flight: InFlightMessage, interceptors: Sequence[Interceptor]
    ) -> _Begun | None:
        """Let each look at it, up to one that has to be waited for."""
        for at, interceptor in enumerate(interceptors):
            try:
                rest = interceptor.handle(in_flight)
            except Exception as error:  # noqa: BLE001 - a plugin's failure must not stop traffic
                self._failed(interceptor, error)
                continue
            if rest is not None:
                return _Begun(in_flight, interceptor, rest, interceptors[at + 1 :])
        return None

    async def _conclude(self, begun: _Begun) -> None:
        """Wait for one that decides, then let the others at it."""
        waiting: _Begun | None = begun
        while waiting is not None:
            try:
                await waiting.rest
            except Exception as error:  # noqa: BLE001 - a plugin's failure must not stop traffic
                self._failed(waiting.by, error)
            waiting = self._intercept(begun.in_flight, waiting.others)
        self._departure.decide(begun.in_flight)
        self._count(-_size(begun.in_flight))

    def _failed(self, interceptor: Interceptor, error: Exception) -> None:
        tell_failure(f"{type(interceptor).__name__} at #{self._parts.decoder.connection_id}", error)

    def _delivered(self) -> None:
        """The outbox has sent something at its time."""
        if self._departure.empty and self._nothing_waits:
            self._release_if_done()
            self._guarded(self._finish_if_sent)

    # The end.

    def _record_end(self) -> None:
        decoder, journal, now = self._parts.decoder, self._parts.journal, self._time()
        journal.soon(lambda: decoder.eof(now, journal.out))
        journal.added()

    def _end(self, end: _End) -> None:
        parts = self._parts
        now = self._time()
        parts.decoder.eof(now, parts.journal.out)
        parts.journal.added()
        self._holding.rest()
        self._take_completed()
        self._then = end.then
        if self._ready:
            return  # what has to be waited for goes first
        self._finish_if_sent()

    def _finish_if_sent(self) -> None:
        """All that came has been decided: tell of the end, once it is sent."""
        if self._then is None or self._inbox or self._ready:
            return
        self._departure.end()
        if self._departure.empty:
            then, self._then = self._then, None
            then()

    def _release_if_done(self) -> None:
        parts = self._parts
        if (
            not self._over
            and self._nothing_waits
            and self._then is None
            and not parts.wanted
            and self._departure.empty
            and parts.encoder.verbatim
            and parts.decoder.at_message_boundary
        ):
            self._over = True
            parts.decoder.release()
            self._released()

    def _expired(self) -> bool:
        return self._time() >= self._deadline

    def _count(self, size: int) -> None:
        self._waiting += size
        self._parts.budget.held += size
        full = self._waiting > HELD_HIGH_WATER
        if full != self._full:
            self._full = full
            self._pause("held", full)


def _size(item: Completed) -> int:
    if isinstance(item, InFlightMessage):
        return len(item.wire) + len(item.content)
    return len(item.data) if isinstance(item, Piece) else 0
