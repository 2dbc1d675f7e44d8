"""Which frames a filter lets through that asks what messages say."""

from __future__ import annotations

from wsproxy.cli.waits import Frames, waits_of
from wsproxy.faults.registry import strike_marks
from wsproxy.filters.language import Filter
from wsproxy.filters.subject import subject_of
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings, describe


def matching(
    capture: Frames, connection_id: int | None, filter_: Filter, rules: list[DecodeRule]
) -> frozenset[int]:
    """The ids of these frames: a look through the capture before it is exported.

    Decoders have to see every message, in order, whatever is taken in the end.
    """
    connections = {connection.id: connection for connection in capture.connections()}
    waited = waits_of(capture, connection_id, filter_, rules)
    sayings = Sayings(connections.get, rules)
    found = set()
    for seen in capture.seen(connection_id):
        record = seen.record
        said = sayings.of(seen.id, record, seen.message)
        connection = connections.get(record.connection_id)
        subject = subject_of(record, seen.message, connection, strike_marks(seen.faults), seen.note)
        subject.waited = waited.get(seen.id)
        if filter_.matches(describe(subject, said.packets if said is not None else ())):
            found.add(seen.id)
    return frozenset(found)
