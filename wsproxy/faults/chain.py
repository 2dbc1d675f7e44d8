"""The faults of one direction of one connection, at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from wsproxy.clock import TIMER_SLACK
from wsproxy.faults.base import Delivery, Fault, FaultContext, Scope, Stage, wire_of
from wsproxy.faults.conditions import Conditions, generator, is_toxic
from wsproxy.faults.spec import Spec
from wsproxy.faults.steps import Cut, Resume, Send, SendBytes, Stall, Step
from wsproxy.filters.subject import Subject, subject_of_in_flight
from wsproxy.model.inflight import InFlightMessage
from wsproxy.model.records import ConnectionRecord, Direction, FaultRecord
from wsproxy.payloads.sayings import InFlightSayings
from wsproxy.protocol.frames import Frame

RECORDED_BYTES = 64 * 1024
"""How much a FaultRecord keeps of what was and of what became of it."""


@dataclass(eq=False, slots=True)
class ActiveFault:
    """A fault as it is in force, for all connections; a change makes another one."""

    spec: Spec
    since: float
    """When it was added or changed, in seconds since the epoch."""
    strikes: list[int] = field(default_factory=lambda: [0])
    """How often it struck, in a list of one, for a changed fault goes on counting."""


class Source(Protocol):
    """Where a chain finds what is in force (`faults.control.FaultSet`)."""

    seed: int
    current: tuple[ActiveFault, ...]
    """Another tuple after each change."""
    sayings: InFlightSayings
    """What messages say, for the filters that ask."""


class _Entry:
    """One fault at work."""

    __slots__ = ("active", "by_time", "conditions", "context", "fault", "timeless", "waiting")

    def __init__(self, active: ActiveFault, conditions: Conditions, context: FaultContext) -> None:
        self.active = active
        self.fault = active.spec.fault
        self.conditions = conditions
        self.context = context
        context.memory = self.fault.memory()
        self.by_time = self.fault.timed and not active.spec.waits_for_a_message
        """Whether it strikes once, at its time, instead of at messages."""
        self.waiting = self.by_time
        """Whether that strike is still to come."""
        self.timeless = (
            not self.by_time
            and conditions.endless
            and type(self.fault).due is Fault.due
            and type(self.fault).busy is Fault.busy
        )
        """Whether it does nothing but strike at messages, for ever."""

    @property
    def only_delays(self) -> bool:
        """Whether everything that passes goes on as it is, only later."""
        return self.timeless and self.fault.only_delays and self.conditions.none

    def done(self, now: float) -> bool:
        """Whether nothing more is to be expected of it."""
        if self.fault.busy(self.context):
            return False
        return (self.by_time and not self.waiting) or self.conditions.spent(now)

    def due(self) -> float | None:
        """When it has something to do without a message."""
        conditions = self.conditions
        times = [conditions.begins] if self.waiting else []
        again = self.fault.due(self.context)
        if again is not None:
            times.append(again)
        if conditions.ends is not None:
            times.append(conditions.ends)
        return min(times, default=None)


class FaultChain:
    """What may happen in one direction of one connection (relay.parts.Faults)."""

    def __init__(
        self,
        source: Source,
        connection: ConnectionRecord,
        number: int,
        direction: Direction,
        record: Callable[[FaultRecord], None],
    ) -> None:
        """`number` counts connections from 1; the random numbers depend on it."""
        self._source = source
        self._connection = connection
        self._number = number
        self._direction = direction
        self._record = record
        self._now = connection.opened
        self._seen: tuple[ActiveFault, ...] | None = None
        self._entries: list[_Entry] = []
        self._only: _Entry | None = None
        """The one fault there is, if it does nothing but delay everything: a short way for what
        is asked for most."""
        self._mortal_entries: list[_Entry] = []
        self._message_entries: list[_Entry] = []
        self._wire_entries: list[_Entry] = []
        self._owed: list[Delivery] = []
        self._piece_entries: list[_Entry] = []
        self._piece_delay: float | None = None
        self._sync()

    @property
    def active(self) -> bool:
        """Whether anything is still to be expected of any fault here."""
        self._sync()
        return bool(self._owed or self._entries)

    def passed(self, in_flight: InFlightMessage, now: float) -> list[Step]:
        """What to do with a message or control frame."""
        self._begin(now)
        item = Delivery(in_flight, in_flight.time or now)
        if self._only is not None and not self._owed:
            (item,) = self._only.fault.strike(item, self._only.context)
            return [Send(in_flight, max(item.at - now, 0.0))]
        items = self._timely()
        fresh: Sequence[Delivery] = (item,)
        for entry in self._message_entries:
            if len(fresh) == 1:
                fresh = self._through(entry, fresh[0])
            else:
                fresh = [out for item in fresh for out in self._through(entry, item)]
        self._clear_done()
        return self._steps([*items, *fresh])

    @property
    def paces(self) -> bool:
        """Whether all that may strike only delays or paces: none needs a message whole."""
        self._sync()
        return all(
            entry.fault.paces and not entry.conditions.looks and not entry.by_time
            for entry in self._entries
        )

    def piece(self, data: bytes, now: float, *, first: bool) -> list[Step]:
        """What to do with bytes of a message that is too large to be held, where all `paces`.

        What was decided for its first piece holds for all of them: it is one message.
        """
        self._begin(now)
        if first:
            self._piece_entries = [
                entry for entry in self._entries if entry.conditions.met(None, now)
            ]
            self._piece_delay = None
        at = now
        pieces: list[Delivery] = [Delivery(data, at)]
        for entry in self._piece_entries:
            if entry.fault.stage is Stage.MESSAGES:
                if self._piece_delay is None:
                    (struck,) = entry.fault.strike(Delivery(data, now), entry.context)
                    self._piece_delay = struck.at - now
                pieces = [Delivery(data, now + self._piece_delay)]
        for entry in self._wire_entries:
            if entry in self._piece_entries:
                pieces = entry.fault.wire(pieces, None, entry.context)
        self._clear_done()
        return [self._step(piece) for piece in pieces]

    def next_time(self) -> float | None:
        """When `tick` wants to be called, in seconds since the epoch."""
        self._sync()
        if self._owed:
            return self._now
        if not self._mortal_entries:
            return None
        times = (entry.due() for entry in self._mortal_entries)
        return min((time for time in times if time is not None), default=None)

    def tick(self, now: float) -> list[Step]:
        """What to do without anything passing."""
        self._begin(now + TIMER_SLACK)
        items = self._timely()
        self._clear_done()
        return self._steps(items + self._take_owed())

    def ended(self, now: float) -> list[Step]:
        """The source has ended its stream: what faults still keep back."""
        self._begin(now)
        items = self._take_owed()
        for entry in self._message_entries:
            items += self._downstream_of(entry, entry.fault.flush(entry.context))
        return self._steps(items)

    # Which faults there are.

    def _begin(self, now: float) -> None:
        self._sync()
        self._now = now
        for entry in self._entries:
            entry.context.now = now

    def _sync(self) -> None:
        current = self._source.current
        if current is self._seen:
            return
        self._seen = current
        known = {id(entry.active): entry for entry in self._entries}
        entries = []
        for active in current:
            entry = known.pop(id(active), None) or self._entry(active)
            if entry is not None:
                entries.append(entry)
        for entry in known.values():
            self._owed += entry.fault.release(entry.context)
        self._set(entries)

    def _entry(self, active: ActiveFault) -> _Entry | None:
        spec = active.spec
        if (
            not spec.enabled
            or not spec.on(self._direction)
            or spec.fault.scope is Scope.UPGRADES
            or not is_toxic(spec, self._source.seed, self._number)
        ):
            return None
        direction = self._direction.name.lower()
        random = generator(self._source.seed, spec.name, self._number, direction)
        start = max(self._connection.opened, active.since)
        context = FaultContext(
            spec.name, self._direction, random, self._now, partial(self._struck, active)
        )
        return _Entry(active, Conditions(spec, random, start), context)

    def _set(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._mortal_entries = [e for e in entries if not e.timeless]
        self._message_entries = [e for e in entries if e.fault.stage is Stage.MESSAGES]
        self._only = entries[0] if len(entries) == 1 and entries[0].only_delays else None
        wire = [e for e in entries if e.fault.stage is not Stage.MESSAGES]
        self._wire_entries = sorted(wire, key=lambda entry: entry.fault.stage)

    def _clear_done(self) -> None:
        if not self._mortal_entries:
            return
        now = self._now
        over = []
        for entry in self._mortal_entries:
            ends = entry.conditions.ends
            if ends is not None and now >= ends:
                self._owed += self._downstream_of(entry, entry.fault.release(entry.context))
                over.append(entry)
            elif entry.done(now):
                over.append(entry)
        if over:
            self._set([entry for entry in self._entries if entry not in over])

    def _take_owed(self) -> list[Delivery]:
        owed, self._owed = self._owed, []
        return owed

    # What they do.

    def _timely(self) -> list[Delivery]:
        """What is to be done now, whatever passes."""
        items = self._take_owed()
        for entry in self._mortal_entries:
            due = entry.due()
            if due is None or due > self._now:
                continue
            out: list[Delivery] = []
            if entry.waiting and self._now >= entry.conditions.begins:
                entry.waiting = False
                out += entry.fault.strike(None, entry.context)
            again = entry.fault.due(entry.context)
            if again is not None and self._now >= again:
                out += entry.fault.tick(entry.context)
            items += self._downstream_of(entry, out)
        return items

    def _through(self, entry: _Entry, item: Delivery) -> Sequence[Delivery]:
        in_flight = item.what
        if not isinstance(in_flight, InFlightMessage) or in_flight.verdict == "dropped":
            return [item]
        if not entry.by_time and entry.conditions.in_scope(in_flight):
            subject = self._subject(entry, in_flight)
            if entry.conditions.met(subject, self._now):
                return entry.fault.strike(item, entry.context)
        return entry.fault.spare(item, entry.context)

    def _downstream_of(self, entry: _Entry, items: list[Delivery]) -> list[Delivery]:
        """Let the faults after `entry` at what it made of its own accord."""
        if entry.fault.stage is not Stage.MESSAGES or entry not in self._message_entries:
            return items
        for later in self._message_entries[self._message_entries.index(entry) + 1 :]:
            items = [out for item in items for out in self._through(later, item)]
        return items

    def _subject(self, entry: _Entry, in_flight: InFlightMessage) -> Subject | None:
        if not entry.conditions.looks:
            return None
        subject = subject_of_in_flight(in_flight, self._connection)
        if entry.conditions.decodes:
            self._source.sayings.describe(subject, in_flight, self._connection)
        return subject

    def _steps(self, items: list[Delivery]) -> list[Step]:
        steps: list[Step] = []
        for item in items:
            if not isinstance(item.what, InFlightMessage):
                steps.append(self._step(item))
                continue
            in_flight = item.what
            step = Send(in_flight, max(item.at - self._now, 0.0))
            if self._wire_entries and in_flight.verdict != "dropped":
                struck = [
                    entry
                    for entry in self._wire_entries
                    if entry.conditions.in_scope(in_flight)
                    and entry.conditions.met(self._subject(entry, in_flight), self._now)
                ]
                if struck:
                    step.shape = partial(self._shape, struck, in_flight, item.at)
            steps.append(step)
        if self._wire_entries:
            self._clear_done()
        return steps

    def _shape(
        self, struck: list[_Entry], in_flight: InFlightMessage, at: float, frames: list[Frame]
    ) -> list[Step]:
        pieces = [Delivery(frame, at) for frame in frames]
        for entry in struck:
            pieces = entry.fault.wire(pieces, in_flight, entry.context)
        return [self._step(piece) for piece in pieces]

    def _step(self, item: Delivery) -> Step:
        delay = max(item.at - self._now, 0.0)
        if isinstance(item.what, (Cut, Stall, Resume)):
            item.what.delay = delay
            return item.what
        return SendBytes(wire_of(item), delay)

    def _struck(
        self,
        active: ActiveFault,
        detail: str,
        in_flight: InFlightMessage | None,
        before: bytes,
        after: bytes,
    ) -> None:
        active.strikes[0] += 1
        self._record(
            FaultRecord(
                self._connection.id,
                self._direction,
                self._now,
                active.spec.name,
                active.spec.fault.type,
                in_flight.number if in_flight is not None else None,
                detail,
                before[:RECORDED_BYTES],
                after[:RECORDED_BYTES],
            )
        )
