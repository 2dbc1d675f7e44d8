"""How long the requests of a capture waited for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from wsproxy.filters.language import Filter
from wsproxy.model.queries import Seen
from wsproxy.model.records import ConnectionRecord
from wsproxy.payloads.rules import DecodeRule
from wsproxy.payloads.sayings import Sayings
from wsproxy.payloads.waits import Waits


class Frames(Protocol):
    """A capture, as far as it is needed here."""

    def connections(self) -> list[ConnectionRecord]:
        """All connections."""

    def seen(self, connection_id: int | None = None) -> Iterator[Seen]:
        """The frames of one, or of all, in the order they came."""


def waits_of(
    capture: Frames, connection_id: int | None, filter_: Filter, rules: list[DecodeRule]
) -> dict[int, float]:
    """How long requests waited, by the ids of their frames: a look through the capture before."""
    patience = filter_.patience
    if not patience:
        return {}
    connections = {connection.id: connection for connection in capture.connections()}
    sayings = Sayings(connections.get, rules)
    waits = Waits()
    found: dict[int, float] = {}
    now = 0.0

    def settle(ended: Callable[[int], bool]) -> None:
        settled = waits.settle(now, max(patience), ended)
        found.update((number, waited) for number, _, waited in settled if waited >= min(patience))

    for number, seen in enumerate(capture.seen(connection_id)):
        now = max(now, seen.record.time)
        said = sayings.of(seen.id, seen.record, seen.message)
        waits.add(seen.id, seen.record.connection_id, said)
        if number % 1000 == 0:
            settle(lambda _: False)
    # What is recorded is all there is: nothing answers any more, unless the capture goes on.
    settle(lambda number: connections[number].end is not None)
    return found
