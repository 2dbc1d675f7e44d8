"""Which part of a capture goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from wsproxy.faults.registry import strike_marks
from wsproxy.filters.subject import Subject, subject_of
from wsproxy.formats.interfaces import CaptureReader, Told
from wsproxy.model.http import HttpRecord
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord, FaultRecord
from wsproxy.render.order import in_order, time_of


@dataclass(frozen=True, slots=True)
class Selection:
    """What is taken of a capture; by default everything."""

    connection_id: int | None = None
    matches: Callable[[Subject], bool] | None = None
    """A filter's predicate. Faults are neither frames nor messages, and pass no filter."""
    since: float | None = None
    until: float | None = None
    """Seconds since the epoch."""
    ids: frozenset[int] | None = None
    """The frames that pass, where a filter had to be asked before; None: `matches` is asked."""

    def of(self, connection_id: int) -> Selection:
        """The same, of one connection."""
        return replace(self, connection_id=connection_id)

    @property
    def filtered(self) -> bool:
        """Whether there is a filter."""
        return self.matches is not None or self.ids is not None

    @property
    def whole(self) -> bool:
        """Whether every frame of the connections that it takes is taken."""
        return not self.filtered and self.since is None and self.until is None

    def takes(self, seen: Seen, connection: ConnectionRecord | None) -> bool:
        """Whether a frame is taken."""
        if self.ids is not None and seen.id not in self.ids:
            return False
        return self.in_time(seen.record.time) and (
            self.matches is None
            or self.matches(
                subject_of(
                    seen.record, seen.message, connection, strike_marks(seen.faults), seen.note
                )
            )
        )

    def takes_fault(self, fault: FaultRecord) -> bool:
        """Whether a strike of a fault is taken."""
        return not self.filtered and self.in_time(fault.time)

    def takes_http(self, record: HttpRecord) -> bool:
        """Whether a request of plain HTTP is taken: a filter lets none through."""
        return (
            not self.filtered
            and self.connection_id in (None, record.connection_id)
            and self.in_time(record.started)
        )

    def in_time(self, time: float) -> bool:
        """Whether a time is between the bounds, themselves included."""
        return (self.since is None or time >= self.since) and (
            self.until is None or time <= self.until
        )


EVERYTHING = Selection()


def connections_of(
    reader: CaptureReader, selection: Selection = EVERYTHING
) -> dict[int, ConnectionRecord]:
    """The connections that a selection may take something of, by their ids."""
    wanted = selection.connection_id
    return {
        connection.id: connection
        for connection in reader.connections()
        if wanted is None or connection.id == wanted
    }


def told(reader: CaptureReader, selection: Selection = EVERYTHING) -> Iterator[Told]:
    """What is taken, by time; each connection comes before the first thing that is told of it.

    Connections on which nothing passed are told where everything of a time is taken.
    """
    connections = connections_of(reader, selection)
    waiting = {} if selection.filtered else dict(connections)
    known: set[int] = set()
    for thing in _in_order(reader, selection.connection_id):
        if isinstance(thing, HttpRecord):
            if selection.takes_http(thing):
                yield thing
            continue
        number = thing.connection_id if isinstance(thing, FaultRecord) else thing[1].connection_id
        if isinstance(thing, FaultRecord):
            if not selection.takes_fault(thing):
                continue
        elif not selection.takes(thing, connections.get(number)):
            continue
        time = time_of(thing)
        for quiet in _before(waiting, time):
            if quiet.id not in known and selection.in_time(quiet.opened):
                known.add(quiet.id)
                yield quiet
        if number not in known:
            known.add(number)
            waiting.pop(number, None)
            if number in connections:
                yield connections[number]
        yield thing
    for quiet in waiting.values():
        if quiet.id not in known and selection.in_time(quiet.opened):
            yield quiet


def _before(waiting: dict[int, ConnectionRecord], time: float) -> Iterator[ConnectionRecord]:
    """Take those out that were opened before `time`; they are in the order they came."""
    while waiting:
        number = next(iter(waiting))
        if waiting[number].opened > time:
            return
        yield waiting.pop(number)


def _in_order(
    reader: CaptureReader, connection_id: int | None
) -> Iterator[Seen | FaultRecord | HttpRecord]:
    return in_order(reader.seen(connection_id), reader.fault_records(connection_id), reader.http())
